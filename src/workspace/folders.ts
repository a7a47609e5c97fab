/**
 * The folders of runs below one root: made, moved aside and removed. Every path is checked to lie inside the root
 * with no symbolic link on the way, and what is removed is renamed away first, so that a run never waits for it.
 * A run's folder carries the run's id in `.run`; nobody removes the folder of another run that took its place.
 */
import { constants } from "node:fs";
import { open as openFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunFolders } from "../model/folders.ts";
import type { Run } from "../model/run.ts";
import { isFolder, makeInside } from "./inside.ts";
import { folderName, repoPath, runName } from "./names.ts";
import type { Trash } from "./trash.ts";

/** Longer than any run's id. */
const MOST_OF_OWNER = 200;

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
}

/** `root` need not exist yet; the trash is in it. */
export function createFolders(root: string, trash: Trash): Folders {
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
    // Awaited by nobody: the trash tells of trouble by itself.
    void (await trash.take(path))?.destroy();
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

  return { dirFor, foldersOf, standing, open, complete, own, discard, remove };
}

async function isOwner(dir: string, run: Run): Promise<boolean> {
  return (await ownerOf(dir)) === run.id;
}

/** The id in a folder's `.run`; null when there is none. An agent may have put something else in its place. */
export async function ownerOf(dir: string): Promise<string | null> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await openFile(join(dir, ".run"), flags).catch(() => null);
  if (file === null) return null;
  try {
    if (!(await file.stat()).isFile()) return null;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MOST_OF_OWNER), 0, MOST_OF_OWNER, 0);
    return buffer.toString("utf8", 0, bytesRead).trim() || null;
  } finally {
    await file.close();
  }
}
