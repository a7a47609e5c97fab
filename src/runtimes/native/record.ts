/**
 * What the native runtime keeps on disk of a run: one small JSON record in its own folder (so that `list` works in
 * any later process) and the raw files in the run's `logs` folder. It does not know whether the run still lives.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunHandle } from "../runtime.ts";

export interface RunRecord {
  readonly handle: RunHandle;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** The kernel's count of processes killed for memory at the start; null where it tells none. */
  readonly oomKills: number | null;
}

export interface RawFiles {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  /** Written by the shell that waits for the agent: see `launch.ts`. */
  readonly exit: string;
}

export function keyOf(handle: Pick<RunHandle, "runId" | "attempt">): string {
  return `${handle.runId}.${handle.attempt}`;
}

export function rawFiles(handle: Pick<RunHandle, "attempt" | "logs">): RawFiles {
  const file = (name: string) => join(handle.logs, `${name}.${handle.attempt}.raw`);
  return { stdin: file("stdin"), stdout: file("stdout"), stderr: file("stderr"), exit: file("exit") };
}

export interface Records {
  write(record: RunRecord): Promise<void>;
  read(handle: RunHandle): Promise<RunRecord | null>;
  /** All of them, oldest start first. */
  all(): Promise<readonly RunRecord[]>;
  /** Removes the record and the raw files; not an error when they are gone. */
  forget(handle: RunHandle): Promise<void>;
}

export function openRecords(dir: string): Records {
  const fileOf = (handle: RunHandle) => join(dir, `${encodeURIComponent(keyOf(handle))}.json`);
  return {
    async write(record) {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      const file = fileOf(record.handle);
      await writeFile(`${file}.new`, JSON.stringify(record), { mode: 0o600 });
      await rename(`${file}.new`, file);
    },
    read: (handle) => readRecord(fileOf(handle)),
    async all() {
      const names = await readdir(dir).catch(() => []);
      const files = names.filter((name) => name.endsWith(".json"));
      const records = await Promise.all(files.map((name) => readRecord(join(dir, name))));
      return records.filter((record) => record !== null).sort((a, b) => a.startedAt - b.startedAt);
    },
    async forget(handle) {
      for (const file of Object.values(rawFiles(handle))) await rm(file, { force: true });
      await rm(fileOf(handle), { force: true });
    },
  };
}

async function readRecord(file: string): Promise<RunRecord | null> {
  const text = await readFile(file, "utf8").catch(() => null);
  return text === null ? null : (JSON.parse(text) as RunRecord);
}
