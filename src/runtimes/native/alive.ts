/**
 * A sign of life in a file, for the guards beside agents: a small loop that the recorder starts with each agent (see
 * `launch.ts`) looks whether it changes, and ends the agent when it has not for too long. So an agent does not work on
 * when the process that holds its lease is gone and another may begin the run anew. It needs no clock: only changes count.
 */
import { writeFile } from "node:fs/promises";

export interface Guard {
  readonly file: string;
  /** An agent is killed when the sign has not changed for so long. Milliseconds; counted in whole seconds. */
  readonly silentMs: number;
}

export interface SignOfLife {
  /** From now on the guards count. */
  stop(): void;
}

/** Changes the file six times within the guard's patience. A failed write is made up for by the next. */
export function giveSignOfLife({ file, silentMs }: Guard): SignOfLife {
  let count = 0;
  const sign = () => void writeFile(file, `${process.pid} ${++count}\n`, { mode: 0o600 }).catch(() => {});
  sign();
  const timer = setInterval(sign, silentMs / 6).unref();
  return { stop: () => clearInterval(timer) };
}
