/**
 * What the agents themselves wrote down, outside of every workspace: each its begin and, if it could, its end. So it
 * is known who worked when, whatever the bot believes. Pure, but for `processStart`.
 */
import { readFileSync } from "node:fs";

export interface Line {
  readonly what: "begin" | "end" | "overlap";
  /** `id.attempt`, as the bot marked the process. */
  readonly run: string;
  /** The errand's number, which the title of its issue holds. */
  readonly errand: string;
  readonly pid: number;
  /** When the process started, in the kernel's ticks: tells a pid from the same pid given out again. */
  readonly start: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Of a begin: when the process was born, which is a little before it could write; epoch milliseconds. */
  readonly born?: number;
  /** Of an end: that it was not asked to. */
  readonly byItself?: boolean;
  /** Of an overlap: who was still alive. */
  readonly with?: string;
}

/** A line cut short by a kill in the middle of its writing is left out. */
export function readJournal(text: string): readonly Line[] {
  return text.split("\n").flatMap((line) => {
    try {
      return line === "" ? [] : [JSON.parse(line) as Line];
    } catch {
      return [];
    }
  });
}

/** The begins on the same errand that have no end: these may be alive. Never `self`. */
export function unended(
  lines: readonly Line[],
  errand: string,
  self: Pick<Line, "pid" | "start">,
): readonly Line[] {
  const ended = new Set(lines.filter(({ what }) => what === "end").map(keyOf));
  return lines.filter(
    (line) =>
      line.what === "begin" &&
      line.errand === errand &&
      !ended.has(keyOf(line)) &&
      keyOf(line) !== keyOf(self),
  );
}

/** One start of an agent. */
export interface AgentFacts {
  /** `id.attempt` */
  readonly run: string;
  readonly pid: number;
  /** Epoch milliseconds. */
  readonly bornAt: number;
  /** Null when it could not write its end: it was killed, or is at work. Epoch milliseconds. */
  readonly endedAt: number | null;
  /** It ended because its work was done. */
  readonly byItself: boolean;
}

/** Every start, in the order of the journal. */
export function agentFacts(lines: readonly Line[]): readonly AgentFacts[] {
  const ends = new Map(lines.filter(({ what }) => what === "end").map((line) => [keyOf(line), line]));
  return lines
    .filter(({ what }) => what === "begin")
    .map((line) => {
      const end = ends.get(keyOf(line));
      const { run, pid, at, born = at } = line;
      return { run, pid, bornAt: born, endedAt: end?.at ?? null, byItself: end?.byItself ?? false };
    });
}

function keyOf({ pid, start }: Pick<Line, "pid" | "start">): string {
  return `${pid} ${start}`;
}

/** Two agents of one errand at once: by what they saw of each other, and by begins and ends that cross. */
export function overlaps(lines: readonly Line[]): readonly string[] {
  const seen = lines
    .filter(({ what }) => what === "overlap")
    .map(({ run, with: other }) => `${run} began while ${other} worked`);
  return [...seen, ...crossed(lines)];
}

function crossed(lines: readonly Line[]): string[] {
  const ends = new Map(lines.filter(({ what }) => what === "end").map((line) => [keyOf(line), line.at]));
  const spans = lines
    .filter(({ what }) => what === "begin")
    .map((line) => ({ ...line, until: ends.get(keyOf(line)) ?? line.at }));
  return spans.flatMap((one) =>
    spans
      .filter(
        (other) => other !== one && other.errand === one.errand && one.at < other.at && other.at < one.until,
      )
      .map(
        (other) =>
          `${other.run} (pid ${other.pid}) began ${one.until - other.at} ms before ${one.run} (pid ${one.pid}) ended`,
      ),
  );
}

/** When the process started, in ticks; null when there is none of this pid, or only its remains. */
export function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}
