/**
 * Gives a run's folders to the user that its agent is, inside a container or confined on the host. Only a bot that is
 * root does so. An agent of an earlier attempt may have left anything there: links are given themselves and never
 * followed, names are bytes, and a file that has a name outside these folders too (a hard link to somebody else's)
 * keeps its owner.
 */
import { type Dirent, lchownSync, lstatSync, readdirSync, type Stats } from "node:fs";
import { setImmediate } from "node:timers/promises";

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** So many entries are looked at before the event loop gets its turn: about a millisecond. */
const SLICE = 100;
const SLASH = Buffer.from("/");

/** What can not be looked at or given is left as it is: the agent then finds it so. */
export async function giveAll(folders: readonly string[], owner: Owner): Promise<void> {
  const shared = new Map<string, { readonly names: Buffer[]; readonly links: number }>();
  const waiting: Buffer[] = folders.map((folder) => Buffer.from(folder));
  let looked = 0;
  for (let path = waiting.pop(); path; path = waiting.pop()) {
    if (++looked % SLICE === 0) await setImmediate();
    const stats = lookAt(path);
    if (stats === null) continue;
    if (stats.isDirectory()) waiting.push(...childrenOf(path));
    if (stats.uid === owner.uid && stats.gid === owner.gid) continue;
    if (stats.isDirectory() || stats.nlink === 1) give(path, owner);
    else {
      const key = `${stats.dev}:${stats.ino}`;
      const known = shared.get(key) ?? { names: [], links: stats.nlink };
      known.names.push(path);
      shared.set(key, known);
    }
  }
  for (const { names, links } of shared.values()) {
    if (names[0] && names.length === links) give(names[0], owner);
  }
}

function lookAt(path: Buffer): Stats | null {
  try {
    return lstatSync(path);
  } catch {
    return null;
  }
}

function childrenOf(folder: Buffer): Buffer[] {
  try {
    const entries = readdirSync(folder, { encoding: "buffer", withFileTypes: true });
    return entries.map((entry: Dirent<Buffer>) => Buffer.concat([folder, SLASH, entry.name]));
  } catch {
    return [];
  }
}

function give(path: Buffer, { uid, gid }: Owner): void {
  try {
    lchownSync(path, uid, gid);
  } catch {
    // It vanished, or the file system knows no owners.
  }
}
