/** What of ours stands on the disk, found again by its place and name alone. Links and strange names are not ours. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { RepoRef } from "../model/run.ts";
import { FOLDER, isRepoPath } from "./names.ts";

export const SPARES = ".spares";
const MIRROR = /\.git$/;
const COLLECTED = /\.git(\.before(\.gone)?)?$/;

/** `folder` is the run's folder's name; null for what is of the repository as a whole. */
export interface Place {
  readonly repo: RepoRef;
  readonly folder: string | null;
  readonly path: string;
}

/** Folders of runs, in the workspace root. */
export async function findWorkspaces(root: string): Promise<readonly Place[]> {
  return (await foldersOfRepos(root)).filter(({ folder }) => FOLDER.test(folder));
}

export async function findSpares(root: string): Promise<readonly Place[]> {
  return await findRepos(join(root, SPARES), (name) => name);
}

export async function findMirrors(mirrors: string): Promise<readonly Place[]> {
  return await findRepos(mirrors, (name) => (MIRROR.test(name) ? name.replace(MIRROR, "") : ""));
}

/** Repositories that runs' work was collected in, and what a crash left of one; `path` is the whole one's. */
export async function findCollected(mirrors: string): Promise<readonly Place[]> {
  const found = new Map<string, Place>();
  for (const { repo, folder: name, path } of await foldersOfRepos(mirrors)) {
    const folder = name.replace(COLLECTED, "");
    if (folder === name || !FOLDER.test(folder)) continue;
    const whole = path.replace(COLLECTED, ".git");
    found.set(whole, { repo, folder, path: whole });
  }
  return [...found.values()];
}

/** The third level below `root`; `nameOf` tells the repository's name from the folder's, or "". */
async function findRepos(root: string, nameOf: (folder: string) => string): Promise<readonly Place[]> {
  const found: Place[] = [];
  for (const forge of await foldersIn(root)) {
    for (const owner of await foldersIn(join(root, forge))) {
      for (const folder of await foldersIn(join(root, forge, owner))) {
        const repo = { forge, owner, name: nameOf(folder) };
        if (isRepoPath(repo)) found.push({ repo, folder: null, path: join(root, forge, owner, folder) });
      }
    }
  }
  return found;
}

/** The fourth level. */
async function foldersOfRepos(root: string) {
  const found: (Place & { readonly folder: string })[] = [];
  for (const { repo, path } of await findRepos(root, (name) => name)) {
    for (const folder of await foldersIn(path)) found.push({ repo, folder, path: join(path, folder) });
  }
  return found;
}

async function foldersIn(path: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
}
