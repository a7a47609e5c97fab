/**
 * Keeps agents from filling the disk. A run's folders are measured every few seconds if it has a limit, and beyond it
 * its agent is stopped. And when the disk of the workspaces is nearly full, the agent whose folders take up most is
 * stopped, limit or not; another one after it only if there is still less space than then. What it wrote stays for
 * people to look at, so stopping one frees nothing: it ends the filling.
 *
 * `du` measures: it follows no link, leaves other file systems out and counts a file with two names once. A file that
 * was removed and is still open has no name to be found by; the space it takes is seen on the disk as a whole.
 */
import { execFile } from "node:child_process";
import { statfs } from "node:fs/promises";
import { setPriority } from "node:os";

/** `disk`: more than its own limit. `full`: the disk is nearly full, and it takes up most. */
export type DiskEnd = "disk" | "full";

export interface Watched {
  readonly folders: readonly string[];
  /** Bytes; null: no limit of its own. */
  readonly limitBytes: number | null;
  /** Called once. */
  readonly end: (why: DiskEnd) => void;
}

export interface DiskGuard {
  /** Returns how to end the watch. */
  watch(run: Watched): () => void;
}

export interface Space {
  readonly bytes: number;
  /** Files and folders that can still be made. */
  readonly files: number;
}

export interface DiskGuardOptions {
  /** A folder on the disk of the workspaces. */
  readonly root: string;
  /** Less than this is nearly full; bytes. */
  readonly leastFree: number;
  /** Milliseconds between two looks; more while a look takes long. */
  readonly everyMs: number;
  /** Where `du` is looked for. */
  readonly path: string;
  /** Asks the file system unless given. */
  readonly space?: (root: string) => Promise<Space>;
}

const LONGEST_LOOK_MS = 60_000;
const LEAST_FILES = 5_000;
const LOW_PRIORITY = 10;
const KIB = 1024;

export function createDiskGuard(options: DiskGuardOptions): DiskGuard {
  const { space = spaceOf, root, everyMs } = options;
  const watched = new Set<Watched>();
  /** How much there was when the last agent was stopped for a full disk. */
  let last: Space = { bytes: Infinity, files: Infinity };
  let timer: NodeJS.Timeout | null = null;

  const look = async () => {
    const free = await space(root);
    const isLow = free.bytes < options.leastFree || free.files < LEAST_FILES;
    const sizes = new Map<Watched, number>();
    for (const run of watched) {
      if (run.limitBytes === null && !isLow) continue;
      const size = await sizeOf(run.folders, options.path);
      if (!watched.has(run)) continue;
      if (run.limitBytes !== null && size !== null && size > run.limitBytes) end(run, "disk");
      // What can not be measured in a minute is no small thing.
      else sizes.set(run, size ?? Infinity);
    }
    if (!isLow) last = { bytes: Infinity, files: Infinity };
    else if (free.bytes < last.bytes || free.files < last.files) endLargest(sizes, free);
  };
  const endLargest = (sizes: ReadonlyMap<Watched, number>, free: Space) => {
    const [largest] = [...sizes].toSorted(([, a], [, b]) => b - a);
    if (!largest) return;
    last = free;
    end(largest[0], "full");
  };
  const end = (run: Watched, why: DiskEnd) => {
    watched.delete(run);
    run.end(why);
  };
  const next = (pauseMs: number) => {
    timer = setTimeout(async () => {
      const began = performance.now();
      // A disk that does not answer is noticed by everything else.
      await look().catch(() => {});
      timer = null;
      if (watched.size > 0) next(Math.max(everyMs, 2 * (performance.now() - began)));
    }, pauseMs).unref();
  };
  return {
    watch(run) {
      watched.add(run);
      if (timer === null) next(everyMs);
      return () => void watched.delete(run);
    },
  };
}

async function spaceOf(root: string): Promise<Space> {
  const { bavail, bsize, ffree, files } = await statfs(root);
  // Some file systems make room for files as they come, and count none.
  return { bytes: bavail * bsize, files: files === 0 ? Infinity : ffree };
}

/** Null when it could not be learnt in time. */
async function sizeOf(folders: readonly string[], path: string): Promise<number | null> {
  const { promise, resolve } = Promise.withResolvers<number | null>();
  const options = {
    env: { PATH: path, LC_ALL: "C" },
    timeout: LONGEST_LOOK_MS,
    killSignal: "SIGKILL",
  } as const;
  // A file that goes while it is looked at is an error to `du`, and none to us.
  const child = execFile("du", ["-skx", "--", ...folders], options, (error, stdout) => {
    const sizes = stdout.split("\n").map((line) => /^(\d+)\s/.exec(line)?.[1]);
    const known = sizes.filter((size) => size !== undefined);
    resolve(known.length === 0 || error?.killed ? null : sum(known.map(Number)) * KIB);
  });
  try {
    if (child.pid !== undefined) setPriority(child.pid, LOW_PRIORITY);
  } catch {
    // It has ended already.
  }
  return await promise;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
