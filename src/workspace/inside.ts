/** Folders that must lie where their path says, and words for disks that refuse. */
import { lstat, mkdir, realpath } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { Refusal } from "../model/errors.ts";

/** Makes a folder and proves that it is where its path says: no link on the way leads out of the root. */
export async function makeInside(root: string, path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw diskRefusal(path, error);
  }
  const real = await realpath(path);
  const expected = join(await realpath(root), relative(root, path));
  if (real !== expected || relative(root, path).split(sep).includes("..")) {
    throw new Refusal(`making the workspace: ${path} leads to ${real}`, "Remove the symbolic link.");
  }
  return path;
}

export async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null)) !== null;
}

export async function isFolder(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null))?.isDirectory() ?? false;
}

export function diskRefusal(path: string, error: unknown): Error {
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new Refusal(`writing ${path}: the disk is full`, "Free some space, then /dispatch retry.");
  }
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return new Refusal(`writing ${path}: the bot may not write there`, "Give the bot's user that folder.");
  }
  return error instanceof Error ? error : new Error(String(error));
}
