/**
 * Reads the record that the waiting shell left (`launch.ts`): what the shell said of a death by signal, if anything,
 * then `exit N`; or `abandoned`, by the guard that ended all for want of a worker. An agent ended by INT or PIPE is
 * told as codes 130 and 141, since shells say nothing of those two.
 *
 * Of a confined agent the shell outside sees bubblewrap's code only, which is 128 and more for a death by signal, too.
 * There is a second record for it, by a shell inside: of that only counts whether it was a signal, for the agent can
 * write to it. No such record means that all inside was killed.
 */
import { constants } from "node:os";
import type { Exit } from "../../model/outcome.ts";

/** What is known besides the record. */
export interface EndFacts {
  /** The signal that ended the shell itself; null when it ended by itself or was not our child. */
  readonly recorderSignal: string | null;
  /** We sent KILL. */
  readonly forced: boolean;
  /** The kernel killed something for memory during the run. */
  readonly oomKill: boolean;
  /** The record of the shell inside; null when the agent was not confined. */
  readonly inside: string | null;
}

/** The record is empty when everything was killed at once, or when the host went down. */
export function decodeExit(record: string, facts: EndFacts): Exit {
  if (/(?:^|\n)abandoned\n$/.test(record))
    return { code: null, signal: "SIGKILL", outOfMemory: false, abandoned: true };
  const end = parseEnd(record);
  if (!end) {
    const signal = facts.recorderSignal ?? (facts.forced ? "SIGKILL" : null);
    return { code: null, signal, outOfMemory: isOom(signal, facts) };
  }
  const { code } = end;
  const signal = end.killed || wasKilledInside(facts.inside) ? signalName(code - 128) : null;
  return signal === null
    ? { code, signal: null, outOfMemory: false }
    : { code: null, signal, outOfMemory: isOom(signal, facts) };
}

/** `killed`: the shell had a word for it. */
function parseEnd(record: string): { readonly code: number; readonly killed: boolean } | null {
  const end = /(?:^|\n)exit (\d{1,3})\n$/.exec(record);
  return end && { code: Number(end[1]), killed: record.slice(0, end.index).trim() !== "" };
}

function wasKilledInside(record: string | null): boolean {
  return record !== null && (parseEnd(record)?.killed ?? true);
}

function isOom(signal: string | null, facts: EndFacts): boolean {
  return signal === "SIGKILL" && !facts.forced && facts.oomKill;
}

function signalName(number: number): string | null {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? null;
}
