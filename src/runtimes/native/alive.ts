/**
 * What the guards beside agents go by: a small loop that the recorder starts with each agent (see `launch.ts`) looks
 * whether the sign of life in a file changes, and ends the agent when it has not for too long. So an agent does not work
 * on when the process that holds its lease is gone and another may begin the run anew. It needs no clock: only changes
 * count.
 */
import { closeSync, constants, fstatSync, openSync, writeFileSync, writeSync } from "node:fs";

export interface Guard {
  readonly file: string;
  /** An agent is killed when the sign has not changed for so long. Milliseconds; counted in whole seconds. */
  readonly silentMs: number;
}

export interface SignOfLife {
  /** From now on the guards count. */
  stop(): void;
}

const { O_WRONLY, O_CREAT } = constants;
/** Each sign covers the one before it, so the file is never cut, and takes no room on a disk that is full. */
const WIDTH = 40;

/**
 * Changes the file six times within the guard's patience. A failed write is made up for by the next. Written at once
 * and not by a thread of the pool, all of which may be busy with names that a resolver does not answer for.
 */
export function giveSignOfLife({ file, silentMs }: Guard): SignOfLife {
  let fd: number | null = null;
  let count = 0;
  const sign = () => {
    try {
      if (fd !== null && fstatSync(fd).nlink === 0) fd = close(fd);
      fd ??= openSync(file, O_WRONLY | O_CREAT, 0o600);
      writeSync(fd, `${`${process.pid} ${++count}`.padEnd(WIDTH)}\n`, 0);
    } catch {
      // The next one may be written.
    }
  };
  sign();
  const timer = setInterval(sign, silentMs / 6).unref();
  return {
    stop() {
      clearInterval(timer);
      if (fd !== null) fd = close(fd);
    },
  };
}

/** A guard looks once a second. */
export function looksIn(ms: number): number {
  return Math.ceil(ms / 1000);
}

/**
 * Has the guard kill all that is left a look after the grace, if nobody else has by then: this process may not live so
 * long. Where it cannot be written, the guard still goes by the sign of life. Throws nothing.
 */
export function orderStop(file: string, graceMs: number): void {
  try {
    writeFileSync(file, `${looksIn(graceMs) + 1}\n`, { flag: "wx", mode: 0o600 });
  } catch {
    // One order is there already, the disk is full, or the run was removed.
  }
}

function close(fd: number): null {
  closeSync(fd);
  return null;
}
