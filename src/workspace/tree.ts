/**
 * Measures and deletes trees that agents made: names that are no text, folders nobody may enter, paths longer than
 * the system takes, a million files. Links are never followed, and what is no folder is never opened. One entry after
 * the other, so that whatever else the machine does goes on meanwhile.
 */
import { chmod, lstat, opendir, rename, rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";

const BLOCK = 512;
const SLASH = Buffer.from("/");
/** Some file systems skip entries of a folder that is emptied while it is read. */
const MOST_PASSES = 5;

/** Bytes on the disk, as far as the tree can be read; what has other names too counts in part. Ends early when aborted. */
export async function measure(path: string, signal: AbortSignal): Promise<number> {
  const waiting: Buffer[] = [Buffer.from(path)];
  let bytes = 0;
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const at = next;
    const stats = await lstat(at).catch(() => null);
    bytes += sizeOf(stats);
    if (signal.aborted || !stats?.isDirectory()) continue;
    await eachEntry(at, async (child) => void waiting.push(child)).catch(() => {});
  }
  return bytes;
}

/** What was freed, in bytes, and why the rest is still there. */
export interface Destroyed {
  readonly bytes: number;
  /** Null also when told to end early. */
  readonly error: unknown;
}

/**
 * Deletes what `x` in this folder is, and the folder. Every folder found is first moved up beside `x`: no path grows
 * long, and one that is empty of folders can go at once.
 */
export async function destroy(folder: string, signal: AbortSignal): Promise<Destroyed> {
  const waiting: Buffer[] = [];
  let [bytes, moved] = [0, 0];
  let error: unknown = null;
  const remove = async (path: Buffer) => {
    const stats = await lstat(path);
    if (!stats.isDirectory()) {
      await unlink(path);
    } else {
      if ((stats.mode & 0o700) !== 0o700) await chmod(path, 0o700);
      const aside = Buffer.from(join(folder, `${moved++}`));
      await rename(path, aside);
      waiting.push(aside);
    }
    bytes += sizeOf(stats);
  };
  const attempt = async (work: () => Promise<void>) => {
    if (signal.aborted) return;
    await work().catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== "ENOENT" && !signal.aborted) error ??= cause;
    });
  };
  await attempt(() => remove(Buffer.from(join(folder, "x"))));
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const path = next;
    await attempt(() => empty(path, (child) => attempt(() => remove(child))));
  }
  await attempt(() => rmdir(folder));
  return { bytes, error };
}

async function empty(path: Buffer, remove: (child: Buffer) => Promise<void>): Promise<void> {
  for (let pass = 1; ; pass++) {
    await eachEntry(path, remove);
    try {
      return await rmdir(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOTEMPTY" || pass === MOST_PASSES) throw error;
    }
  }
}

/** Names are bytes: not every one is text. */
async function eachEntry(path: Buffer, visit: (child: Buffer) => Promise<void>): Promise<void> {
  const folder = await opendir(path, { encoding: "buffer" as BufferEncoding });
  for await (const { name } of folder) {
    await visit(Buffer.concat([path, SLASH, name as unknown as Buffer]));
  }
}

function sizeOf(
  stats: { readonly blocks: number; readonly nlink: number; isDirectory(): boolean } | null,
): number {
  if (stats === null) return 0;
  return (stats.blocks * BLOCK) / (stats.isDirectory() ? 1 : Math.max(1, stats.nlink));
}
