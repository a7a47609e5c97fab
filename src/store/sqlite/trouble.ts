/**
 * What SQLite reports of a disk or a file, in words that a person can act on. At the opening it is a Refusal. In use it
 * is not: a Refusal ends a command for good, and a full disk passes.
 */
import { messageOf, Refusal, StoreTrouble } from "../../model/errors.ts";

/** The store cannot be read or written just now, or, when `damaged`, any more. Says what to do in its message. */
export class FileTrouble extends StoreTrouble {
  readonly damaged: boolean;
  constructor(why: string, { damaged, fix }: Omit<Trouble, "why">, options?: ErrorOptions) {
    super(`using the store: ${why}. ${fix}`, !damaged, options);
    this.damaged = damaged;
  }
}

interface Trouble {
  readonly why: string;
  readonly fix: string;
  readonly damaged: boolean;
}

const RESTORE =
  "Stop agent-dispatch, keep the file for a look, and put the last backup in its place (docs/operations.md).";
const SPACE = "Free space on its disk; nothing recorded is lost, and no restart is needed.";
const BUSY = "Wait for, or end, the other program that works on the file.";
const WRITABLE = "Choose a data folder that this user may write to, on a local disk with space left.";

/** By SQLite's primary result code. */
const KNOWN: Readonly<Record<number, Trouble>> = {
  5: { why: "another process keeps the file locked", fix: BUSY, damaged: false },
  8: { why: "the file or its folder is read-only", fix: WRITABLE, damaged: false },
  10: { why: "the disk does not read or write", fix: SPACE, damaged: false },
  11: { why: "the file is damaged", fix: RESTORE, damaged: true },
  13: { why: "the disk is full", fix: SPACE, damaged: false },
  14: { why: "the file cannot be opened", fix: WRITABLE, damaged: false },
};
const NOT_A_DATABASE = 26;

function troubleOf(error: unknown): Trouble | null {
  if (!(error instanceof Error) || !("errcode" in error)) return null;
  const primary = Number(error.errcode) & 0xff;
  const known = KNOWN[primary === NOT_A_DATABASE ? 11 : primary];
  return known ? { ...known, why: `${known.why} (${error.message})` } : null;
}

/** For the time of use; what is none of the disk's or the file's is handed back as it is. */
export function inUse(error: unknown): unknown {
  const trouble = troubleOf(error);
  return trouble ? new FileTrouble(trouble.why, trouble, { cause: error }) : error;
}

/** For the opening: why this file cannot be the store. */
export function refusalOf(file: string, error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const cause = error instanceof FileTrouble ? error.cause : error;
  const code = cause instanceof Error && "errcode" in cause ? cause.errcode : null;
  const told = `opening the store ${file}: `;
  if (code === NOT_A_DATABASE) {
    const fix = `If it was the store: ${RESTORE} Else choose another data folder.`;
    return new Refusal(`${told}the file is not an SQLite database`, fix, { cause });
  }
  const trouble = troubleOf(cause);
  const fix = trouble?.damaged ? RESTORE : (trouble?.fix ?? WRITABLE);
  return new Refusal(told + (trouble?.why ?? messageOf(cause)), fix, { cause });
}

/** A check of the file found this. */
export function damagedFile(file: string, finding: string): Refusal {
  return new Refusal(`opening the store ${file}: the file is damaged (${finding})`, RESTORE);
}
