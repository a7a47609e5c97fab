/**
 * A copy of the store's file while it is in use. It is the store as it stood at one moment, checked page by page and
 * counted before it gets its name, and on the disk when this resolves. Restoring is copying it back (docs/operations.md).
 */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { messageOf, Refusal } from "../../model/errors.ts";
import { FileTrouble, inUse } from "./trouble.ts";

export interface BackupMade {
  readonly file: string;
  readonly bytes: number;
  readonly runs: number;
}

/** Between 0 and 1. */
export type BackupProgress = (done: number) => void;

const PAGES_AT_ONCE = 2_000;
const COUNTED = ["deliveries", "seen_keys", "issue_labels", "runs", "run_events", "effects", "pools"];

/**
 * Copies the store `file` to `target`, a new file that only its owner may read. Rejects with a Refusal when there is
 * no store, when the target is there already, when it cannot be written, or when the store is damaged; nothing is
 * left behind then.
 */
export async function backupSqlite(
  file: string,
  target: string,
  progress?: BackupProgress,
): Promise<BackupMade> {
  const wanted = resolve(target);
  if (!existsSync(file))
    throw refusal(target, `there is no store ${file}`, "Say where the data folder is (DATA_DIR).");
  if (existsSync(wanted))
    throw refusal(target, "the file is there already", "Choose a new name, or move it away.");
  const unfinished = `${wanted}.unfinished-${process.pid}`;
  try {
    closeSync(openSync(unfinished, "wx", 0o600));
    const expected = await copy(file, unfinished, progress);
    doubt(unfinished);
    const runs = verify(unfinished, expected);
    sync(unfinished);
    renameSync(unfinished, wanted);
    sync(dirname(wanted));
    return { file: wanted, bytes: statSync(wanted).size, runs };
  } catch (error) {
    for (const end of ["", "-wal", "-shm", "-journal"]) rmSync(unfinished + end, { force: true });
    if (error instanceof Refusal) throw error;
    const told = inUse(error);
    if (told instanceof FileTrouble && told.damaged) throw damaged(target, messageOf(error));
    const fix = "Choose a folder that this user may write to, with as much space left as the store takes.";
    throw refusal(target, messageOf(error), fix, error);
  }
}

/** The number of rows in each table at the moment of the copy. */
type Counts = Readonly<Record<string, number>>;

async function copy(file: string, to: string, progress?: BackupProgress): Promise<Counts> {
  const db = new DatabaseSync(file, { timeout: 10_000 });
  try {
    // Reading keeps the moment: without it the copy would begin anew with each write of the server.
    db.exec("begin");
    const counts = count(db);
    await backup(db, to, {
      rate: PAGES_AT_ONCE,
      progress: ({ totalPages, remainingPages }) => progress?.(1 - remainingPages / Math.max(1, totalPages)),
    });
    return counts;
  } finally {
    db.close();
  }
}

/**
 * Makes it one file without a journal beside it, in which whatever waits to be said on a forge may have been said
 * already: between the copy and its restoring it was. So it is looked for there before it is said.
 */
function doubt(copied: string): void {
  const db = new DatabaseSync(copied);
  try {
    db.exec("pragma journal_mode = delete");
    db.exec("update effects set tries = 1 where state = 'waiting' and tries = 0");
  } finally {
    db.close();
  }
}

/** Reads all of it. */
function verify(copied: string, expected: Counts): number {
  const db = new DatabaseSync(copied);
  try {
    const finding = db.prepare("pragma quick_check(1)").get()?.quick_check;
    if (finding !== "ok") throw damaged(copied, String(finding));
    const counts = count(db);
    const short = COUNTED.find((table) => counts[table] !== expected[table]);
    if (short)
      throw damaged(copied, `${counts[short]} of ${expected[short]} rows of ${short} are in the copy`);
    return counts.runs ?? 0;
  } finally {
    db.close();
  }
}

function count(db: DatabaseSync): Counts {
  return Object.fromEntries(
    COUNTED.map((table) => [table, Number(db.prepare(`select count(*) as n from ${table}`).get()?.n)]),
  );
}

function sync(path: string): void {
  const handle = openSync(path, "r");
  fsyncSync(handle);
  closeSync(handle);
}

function damaged(target: string, finding: string): Refusal {
  return refusal(target, `the store is damaged (${finding})`, "Keep the last good backup, and restore it.");
}

function refusal(target: string, why: string, fix: string, cause?: unknown): Refusal {
  return new Refusal(`backing up to ${target}: ${why}`, fix, { cause });
}
