/**
 * What is to be deleted is renamed away first, so that nobody waits for it, and deleted later, one after the other.
 * What a crash left is swept up. On a full disk there may be room for no folder more: then it is renamed all the same,
 * into the trash that an earlier sweep has made.
 */
import { randomUUID } from "node:crypto";
import { chmod, lstat, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf } from "../model/errors.ts";
import { exists, makeInside } from "./inside.ts";
import { type Destroyed, destroy, measure } from "./tree.ts";

const TRASH = ".trash";
/** Who stops the server is not kept longer by what is only rubbish. */
const LONGEST_IDLE_MS = 5_000;
/** Another process may be about to put back, or to delete, what it moved aside just now. */
const LEFT_BEHIND_MS = 10 * 60_000;

export interface Aside {
  /** Undoes the move, unless something else stands there by now; tells whether. */
  putBack(): Promise<boolean>;
  /**
   * Deletes it; resolves with the bytes that were freed. Never rejects: what could not be deleted is warned of, and
   * what is left when aborted is swept up later.
   */
  destroy(signal?: AbortSignal): Promise<number>;
}

export interface Swept {
  readonly count: number;
  readonly bytes: number;
}

export interface Trash {
  /** Moves away at once; null when there is nothing. */
  take(path: string): Promise<Aside | null>;
  /** Deletes what earlier processes had moved away, with its folder made if missing; how many things and bytes that were. */
  sweep(signal: AbortSignal): Promise<Swept>;
  /** Resolves when everything moved away is deleted, or after five seconds; the rest is swept up later. */
  idle(): Promise<void>;
}

export interface TrashOptions {
  /** On the same file system as all that is moved away; nothing outside it is. */
  readonly root: string;
  readonly now: () => number;
  readonly warn: (message: string) => void;
}

/** Where something is moved to: into a folder of its own, or, where `aside` is `own`, just to that name. */
interface Place {
  readonly own: string;
  readonly aside: string;
}

export function createTrash({ root, now, warn }: TrashOptions): Trash {
  const ours = new Set<string>();
  let deleting: Promise<unknown> = Promise.resolve();
  let ending = new AbortController();

  const destroyLater = ({ own, aside }: Place, signal?: AbortSignal): Promise<number> => {
    const done = deleting.then(async () => {
      const stop = AbortSignal.any([ending.signal, ...(signal ? [signal] : [])]);
      const { bytes, error } = await (aside === own ? destroyPlain : destroy)(own, stop);
      if (error !== null) warn(`deleting ${own}: ${messageOf(error)}; delete it by hand`);
      ours.delete(own);
      return bytes;
    });
    deleting = done;
    return done;
  };

  const take = async (path: string): Promise<Aside | null> => {
    if (!(await exists(path))) return null;
    await makeInside(root, dirname(path));
    const place = await placeIn(await makeInside(root, join(root, TRASH)));
    ours.add(place.own);
    const putBack = async () => {
      if (await exists(path)) return false;
      await rename(place.aside, path);
      await destroyLater(place);
      return true;
    };
    try {
      await moveAway(path, place.aside);
    } catch (error) {
      await destroyLater(place);
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
      throw error;
    }
    return { putBack, destroy: (signal) => destroyLater(place, signal) };
  };

  const sweep = async (signal: AbortSignal) => {
    const trash = join(root, TRASH);
    // Now, as on a full disk it could not be made. Where that is so already, what is removed beside this makes room.
    await makeInside(root, trash).catch(() => {});
    const names = (await readdir(trash).catch(() => [])).filter((name) => !ours.has(join(trash, name)));
    let [count, bytes] = [0, 0];
    for (const path of names.map((name) => join(trash, name))) {
      const stats = await lstat(path).catch(() => null);
      if (signal.aborted || stats === null || now() - stats.ctimeMs < LEFT_BEHIND_MS) continue;
      const aside = await take(path);
      if (aside === null) continue;
      bytes += await aside.destroy(signal);
      count += 1;
    }
    return { count, bytes };
  };

  const idle = async () => {
    const timer = setTimeout(() => ending.abort(), LONGEST_IDLE_MS);
    await deleting;
    clearTimeout(timer);
    ending = new AbortController();
  };

  return { take, sweep, idle };
}

async function placeIn(trash: string): Promise<Place> {
  try {
    const own = await mkdtemp(join(trash, "x"));
    return { own, aside: join(own, "x") };
  } catch (error) {
    if (!["ENOSPC", "EDQUOT"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    const own = join(trash, `x${randomUUID()}`);
    return { own, aside: own };
  }
}

/** Less able than `destroy`, which needs a folder beside; a later sweep, with some space by then, deletes the rest. */
async function destroyPlain(path: string, signal: AbortSignal): Promise<Destroyed> {
  if (signal.aborted) return { bytes: 0, error: null };
  const before = await measure(path, signal);
  const error: unknown = await rm(path, { recursive: true, force: true }).then(
    () => null,
    (cause: unknown) => cause,
  );
  return { bytes: error === null ? before : Math.max(0, before - (await measure(path, signal))), error };
}

/** To move a folder elsewhere one must be able to write to it. */
async function moveAway(path: string, to: string): Promise<void> {
  try {
    await rename(path, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EACCES") throw error;
    if (!(await lstat(path)).isDirectory()) throw error;
    await chmod(path, 0o700);
    await rename(path, to);
  }
}
