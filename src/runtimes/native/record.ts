/**
 * What the native runtime keeps on disk of a run: one small JSON record in its own folder (so that `list` works in
 * any later process) and the raw files in the run's `logs` folder. It does not know whether the run still lives.
 */
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { RunHandle } from "../runtime.ts";

export interface RunRecord {
  readonly handle: RunHandle;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** The kernel's count of processes killed for memory at the start; null where it tells none. */
  readonly oomKills: number | null;
  /** Absent in records of earlier versions, which confined nothing. */
  readonly confined?: boolean;
}

export interface RawFiles {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  /** Written by the shell that waits for the agent: see `launch.ts`. */
  readonly exit: string;
  /** By the shell beside a confined agent. */
  readonly inside: string;
  /** An order to the guard, there once the agent is being stopped: see `alive.ts`. */
  readonly stop: string;
}

export function keyOf(handle: Pick<RunHandle, "runId" | "attempt">): string {
  return `${handle.runId}.${handle.attempt}`;
}

export function rawFiles(handle: Pick<RunHandle, "attempt" | "logs">): RawFiles {
  const file = (name: string) => join(handle.logs, `${name}.${handle.attempt}.raw`);
  return {
    stdin: file("stdin"),
    stdout: file("stdout"),
    stderr: file("stderr"),
    exit: file("exit"),
    inside: file("inside"),
    stop: file("stop"),
  };
}

export interface Records {
  write(record: RunRecord): Promise<void>;
  read(handle: RunHandle): Promise<RunRecord | null>;
  /** All of them, oldest start first. */
  all(): Promise<readonly RunRecord[]>;
  /** Removes the record and the raw files; not an error when they are gone. */
  forget(handle: RunHandle): Promise<void>;
}

/** No write takes so long. */
const UNFINISHED_MS = 60_000;

/** A record that cannot be read is renamed to `*.broken` and `warn` is told its name: no start may fail for it. */
export function openRecords(
  dir: string,
  now: () => number,
  warn: (message: string) => void = () => {},
): Records {
  const fileOf = (handle: RunHandle) => join(dir, `${encodeURIComponent(keyOf(handle))}.json`);
  return {
    async write(record) {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      const file = fileOf(record.handle);
      await writeSafely(`${file}.new`, JSON.stringify(record));
      await rename(`${file}.new`, file);
    },
    read: (handle) => readRecord(fileOf(handle), warn),
    async all() {
      const names = await readdir(dir).catch(() => []);
      const unfinished = names.filter((name) => name.endsWith(".new"));
      await sweep(
        unfinished.map((name) => join(dir, name)),
        now(),
      );
      const files = names.filter((name) => name.endsWith(".json"));
      const records = await Promise.all(files.map((name) => readRecord(join(dir, name), warn)));
      return records.filter((record) => record !== null).sort((a, b) => a.startedAt - b.startedAt);
    },
    async forget(handle) {
      for (const file of Object.values(rawFiles(handle))) await rm(file, { recursive: true, force: true });
      for (const file of [fileOf(handle), `${fileOf(handle)}.new`]) await rm(file, { force: true });
    },
  };
}

/** Records that a kill kept from getting their names: what they would have told is in the record before, or nowhere. */
async function sweep(files: readonly string[], at: number): Promise<void> {
  for (const file of files) {
    // A young one may be written at this moment, by a server beside which this is a command.
    const written = await stat(file).catch(() => null);
    if (written && Math.abs(at - written.mtimeMs) > UNFINISHED_MS) await rm(file, { force: true });
  }
}

/** On the disk before it gets its name: after a power cut it is there whole or not at all. */
async function writeSafely(file: string, text: string): Promise<void> {
  const handle = await open(file, "w", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readRecord(file: string, warn: (message: string) => void): Promise<RunRecord | null> {
  const text = await readFile(file, "utf8").catch(() => null);
  if (text === null) return null;
  const record = parseRecord(text);
  if (record !== null) return record;
  const broken = `${basename(file)}.broken`;
  const moved = await rename(file, `${file}.broken`).then(
    () => true,
    () => false,
  );
  if (moved) warn(`the native run record ${basename(file)} cannot be read; it was set aside as ${broken}`);
  return null;
}

function parseRecord(text: string): RunRecord | null {
  try {
    const record = JSON.parse(text) as Partial<RunRecord> | null;
    const { runId, attempt, ref, logs } = record?.handle ?? {};
    const whole = [runId, ref, logs].every((part) => typeof part === "string") && typeof attempt === "number";
    return whole ? (record as RunRecord) : null;
  } catch {
    return null;
  }
}
