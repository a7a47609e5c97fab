/**
 * Writes the files an agent asks for before its start (settings, system prompts) into the run's home and meta
 * folders, and makes these folders. An earlier attempt may have left anything there: nothing is written through a
 * symbolic link, nor outside the two folders.
 */
import { constants } from "node:fs";
import { lstat, mkdir, open, rm } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import type { LaunchFile } from "../agents/agent.ts";
import type { RunFolders } from "../model/folders.ts";

/** Also makes `meta/tmp`, the run's TMPDIR. Rejects when a file's path leads out of its folder. */
export async function writeLaunchFiles(files: readonly LaunchFile[], folders: RunFolders): Promise<void> {
  await mkdir(folders.home, { recursive: true, mode: 0o700 });
  await makeFolder(folders.meta, "tmp");
  for (const file of files) {
    const root = folders[file.in];
    const path = relative(root, resolve(root, file.path));
    if (path === "" || path.startsWith("..")) {
      throw new Error(`writing ${file.path}: it leads out of the run's ${file.in} folder`);
    }
    await makeFolder(root, dirname(path));
    await writeNew(join(root, path), file.content);
  }
}

/** Each step of the way is a real folder: what an agent left in its place is taken away. */
async function makeFolder(root: string, path: string): Promise<void> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  let folder = root;
  for (const step of path.split(sep)) {
    folder = join(folder, step);
    const found = await lstat(folder).catch(() => null);
    if (found?.isDirectory()) continue;
    await rm(folder, { force: true });
    await mkdir(folder, { mode: 0o700 });
  }
}

async function writeNew(path: string, content: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    await file.writeFile(content);
  } finally {
    await file.close();
  }
}
