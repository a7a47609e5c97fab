/**
 * One data folder, one process. Two servers on the same folder would take each other's runs, workspaces and answers.
 *
 * The hold is an SQLite transaction on a file that nothing is ever written to: underneath it is a lock of the operating
 * system, which ends with its process however that ends, so it is never stale. A number in a file would be. The pid
 * lies in a file beside it, for the message only: closing any handle of the locked file would end the lock.
 *
 * A folder also has a name for its worker, made once: by it a process finds its own runs again in its next life.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { messageOf, Refusal } from "../model/errors.ts";

export interface HeldFolder {
  /** The same each time this folder is held, and in no other folder. */
  readonly worker: string;
  /** Twice is the same as once. */
  release(): void;
}

export interface Slot extends HeldFolder {
  /** The folder held, below the one that is shared. */
  readonly dir: string;
}

const SQLITE_BUSY = 5;
/** More processes on one machine than anyone starts; a mistake in a loop ends here. */
const MOST_SLOTS = 999;

/**
 * Holds a data folder, made when missing, until released or until the process ends. Throws a Refusal that names the
 * process that has it, or why the folder cannot be used.
 */
export async function holdDataFolder(dir: string, what: string): Promise<HeldFolder> {
  const held = hold(dir);
  if (held) return held;
  const pid = holderOf(dir);
  throw new Refusal(
    `starting the ${what}: the data folder ${dir} is in use by ${pid === null ? "another process" : `process ${pid}`}`,
    `Stop ${pid === null ? "it" : `that process (kill ${pid})`} first, or give this one a folder of its own (DATA_DIR).`,
  );
}

/**
 * Holds the first free of `<dir>/<what>-1`, `<dir>/<what>-2`, …: for processes that share one setting. Who comes back
 * while the others go on finds its own again. Throws a Refusal when the folder cannot be used.
 */
export async function claimSlot(dir: string, what = "worker"): Promise<Slot> {
  for (let n = 1; n <= MOST_SLOTS; n++) {
    const slot = join(dir, `${what}-${n}`);
    const held = hold(slot);
    if (held) return { dir: slot, ...held };
  }
  throw new Refusal(
    `starting the ${what}: ${MOST_SLOTS} processes hold a place in the data folder ${dir}`,
    "Stop some of them, or give this one a folder of its own (DATA_DIR).",
  );
}

/** Null when another process, or this one, holds the folder. */
function hold(dir: string): HeldFolder | null {
  let lock: DatabaseSync | null = null;
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    lock = new DatabaseSync(join(dir, "server.lock"), { timeout: 0 });
    lock.exec("pragma locking_mode = exclusive; begin exclusive");
    write(pidFile(dir), `${process.pid}\n`);
    const worker = workerName(dir);
    return { worker, release: () => release(dir, lock) };
  } catch (error) {
    if (lock?.isOpen) lock.close();
    if (error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY) return null;
    throw new Refusal(
      `holding the data folder ${dir}: ${messageOf(error)}`,
      "Choose a data folder (DATA_DIR) that this user may write to, on a local disk with space left.",
      { cause: error },
    );
  }
}

function release(dir: string, lock: DatabaseSync | null): void {
  if (!lock?.isOpen) return;
  rmSync(pidFile(dir), { force: true });
  lock.close();
}

function pidFile(dir: string): string {
  return join(dir, "server.pid");
}

function holderOf(dir: string): number | null {
  const pid = Number.parseInt(read(pidFile(dir)), 10);
  return Number.isNaN(pid) ? null : pid;
}

/** To be called while the folder is held, so that nobody else makes another. */
function workerName(dir: string): string {
  const file = join(dir, "worker");
  const known = read(file).trim();
  if (/^[a-z0-9-]+-[0-9a-f]{8}$/.test(known)) return known;
  const host = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40);
  const worker = `${host || "worker"}-${randomBytes(4).toString("hex")}`;
  write(file, `${worker}\n`);
  return worker;
}

/** Whole or not at all: a crash must not leave half a name. */
function write(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}
