/**
 * The folders of runs below one root: made, moved aside and removed. Every path is checked to lie inside the root
 * with no symbolic link on the way, and what is removed is renamed away first, so that a run never waits for it.
 * A run's folder carries the run's id in `.run`; nobody removes the folder of another run that took its place.
 */
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  writeFile,
} from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { Refusal } from "../model/errors.ts";
import type { RunFolders } from "../model/folders.ts";
import type { Run } from "../model/run.ts";
import { folderName, repoPath, runName } from "./names.ts";

const TRASH = ".trash";

export interface Folders {
  /** A run's own folder; only a path, nothing is made. */
  dirFor(run: Run): string;
  foldersOf(run: Run): RunFolders;
  /** Whether the run's checkout stands there from an earlier attempt of the same run. */
  standing(run: Run): Promise<boolean>;
  /** An empty place for the run's checkout, with the folders beside it; logs of the same run's attempts stay. */
  open(run: Run): Promise<RunFolders>;
  /** A folder of the bot's own inside the root, made if missing. */
  own(...parts: readonly string[]): Promise<string>;
  /** Moves away at once, deletes later. Nothing there is fine. */
  discard(path: string): Promise<void>;
  /** The folders of a standing run, with what may be missing beside its checkout made. */
  complete(run: Run): Promise<RunFolders>;
  /** Removes the run's folder, unless another run has it now; tells whether it did. */
  remove(run: Run): Promise<boolean>;
  /** Resolves when everything moved away is deleted. */
  idle(): Promise<void>;
}

/** `root` need not exist yet. `warn` hears of what could not be deleted. */
export function createFolders(root: string, warn: (message: string) => void): Folders {
  let deleting = Promise.resolve();

  const dirFor = (run: Run) => join(root, repoPath(run.repo), folderName(run));
  const foldersOf = (run: Run): RunFolders => {
    const dir = dirFor(run);
    return {
      checkout: join(dir, "repo"),
      meta: join(dir, ".meta"),
      home: join(dir, ".home"),
      logs: join(dir, ".logs"),
    };
  };
  const own = async (...parts: readonly string[]) => makeInside(root, join(root, ...parts));

  const discard = async (path: string) => {
    if (!(await exists(path))) return;
    await makeInside(root, dirname(path));
    const grave = await mkdtemp(join(await own(TRASH), "x"));
    await rename(path, join(grave, "x")).catch(ignoreMissing);
    deleting = deleting.then(() => destroy(grave)).catch((error) => warn(cannotDelete(grave, error)));
  };

  const remove = async (run: Run) => {
    const ours = await isOwner(dirFor(run), run);
    if (ours) await discard(dirFor(run));
    return ours;
  };

  const complete = async (run: Run) => {
    const folders = foldersOf(run);
    for (const path of [folders.meta, folders.home, folders.logs]) await makeInside(root, path);
    return folders;
  };

  const open = async (run: Run) => {
    const dir = dirFor(run);
    const { checkout, meta, home } = foldersOf(run);
    if (await isOwner(dir, run)) {
      for (const path of [checkout, meta, home]) await discard(path);
    } else {
      await discard(dir);
    }
    await makeInside(root, dir);
    await writeFile(join(dir, ".run"), `${runName(run)}\n`);
    return await complete(run);
  };

  const standing = async (run: Run) =>
    (await isOwner(dirFor(run), run)) && (await isFolder(foldersOf(run).checkout));

  return { dirFor, foldersOf, standing, open, complete, own, discard, remove, idle: () => deleting };
}

/** Makes a folder and proves that it is where its path says: no link on the way leads out of the root. */
async function makeInside(root: string, path: string): Promise<string> {
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

async function isOwner(dir: string, run: Run): Promise<boolean> {
  const owner = await readFile(join(dir, ".run"), "utf8").catch(() => "");
  return owner.trim() === run.id;
}

async function isFolder(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null))?.isDirectory() ?? false;
}

export async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null)) !== null;
}

/** Deletes a tree without following links; an agent may have left folders that even their owner cannot enter. */
async function destroy(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch {
    await unlock(path);
    await rm(path, { recursive: true, force: true });
  }
}

async function unlock(path: string): Promise<void> {
  await chmod(path, 0o700);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await unlock(join(path, entry.name));
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}

function cannotDelete(path: string, error: unknown): string {
  return `deleting ${path}: ${error instanceof Error ? error.message : error}; delete it by hand`;
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
