/** The readable logs of ended attempts: `<run>.<attempt>.log`, with the parts a crash left beside it. */
import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

const NAME = /^(([A-Za-z0-9][A-Za-z0-9_-]{0,99})\.\d+\.log)(\.[12])?$/;

export interface LogFiles {
  readonly run: string;
  readonly paths: readonly string[];
  readonly bytes: number;
  /** When it was last written to; epoch milliseconds. */
  readonly writtenAt: number;
}

/** Everything else in the folder is none of ours. */
export async function findLogs(dir: string): Promise<readonly LogFiles[]> {
  const found = new Map<string, LogFiles>();
  for (const name of await namesIn(dir)) {
    const [, log, run] = NAME.exec(name) ?? [];
    const path = join(dir, name);
    const stats = log ? await lstat(path).catch(() => null) : null;
    if (!log || !run || !stats?.isFile()) continue;
    const others = found.get(log);
    found.set(log, {
      run,
      paths: [...(others?.paths ?? []), path],
      bytes: (others?.bytes ?? 0) + stats.size,
      writtenAt: Math.max(others?.writtenAt ?? 0, stats.mtimeMs),
    });
  }
  return [...found.values()];
}

export async function removeLog({ paths }: LogFiles): Promise<void> {
  for (const path of paths) await rm(path, { force: true });
}

async function namesIn(dir: string): Promise<readonly string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
