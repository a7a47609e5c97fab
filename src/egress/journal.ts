/**
 * What a run's proxy tells the bot, in a file: the bot may be down when it happens. JSON lines: that the relay came
 * through, and which hosts were refused how often. A host is written when its count is a power of two and at the end,
 * so a run that knocks a million times writes twenty lines; the last line of a host counts. Of hosts no more than MOST
 * are told apart.
 */
import { appendFileSync, readFileSync } from "node:fs";
import type { BlockedHost } from "../model/outcome.ts";

export const JOURNAL = "journal.jsonl";
const MOST = 100;
const LONGEST = 120;

export interface Journal {
  /** The relay within the run reached the proxy. */
  relayCame(): void;
  blocked(place: string): void;
  /** Brings what is written up to date. */
  end(): void;
}

export function createJournal(file: string): Journal {
  const counts = new Map<string, number>();
  let others = 0;
  let came = false;
  const write = (line: object) => appendFileSync(file, `${JSON.stringify(line)}\n`, { mode: 0o600 });
  return {
    relayCame() {
      if (!came) write({ relay: true });
      came = true;
    },
    blocked(place) {
      const host = place.replace(/[^\x21-\x7e]/g, "?").slice(0, LONGEST);
      if (!counts.has(host) && counts.size >= MOST) {
        others += 1;
        if (isPowerOfTwo(others)) write({ others });
        return;
      }
      const count = (counts.get(host) ?? 0) + 1;
      counts.set(host, count);
      if (isPowerOfTwo(count)) write({ host, count });
    },
    end() {
      for (const [host, count] of counts) if (!isPowerOfTwo(count)) write({ host, count });
      if (others > 0) write({ others });
    },
  };
}

function isPowerOfTwo(count: number): boolean {
  return (count & (count - 1)) === 0;
}

export interface Told {
  readonly relayCame: boolean;
  readonly blocked: readonly BlockedHost[];
}

/** What is not there yet is nothing told; a line that is cut off is left out. The most knocked at first. */
export function readJournal(file: string): Told {
  const counts = new Map<string, number>();
  let relayCame = false;
  for (const line of textOf(file).split("\n")) {
    const entry = parsed(line);
    if (entry?.relay) relayCame = true;
    else if (typeof entry?.host === "string") counts.set(entry.host, Number(entry.count));
    else if (entry?.others !== undefined) counts.set("", Number(entry.others));
  }
  const others = counts.get("");
  counts.delete("");
  const blocked = [...counts].map(([host, count]) => ({ host, count })).sort((a, b) => b.count - a.count);
  return { relayCame, blocked: others === undefined ? blocked : [...blocked, { host: null, count: others }] };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function parsed(line: string): { relay?: unknown; host?: unknown; count?: unknown; others?: unknown } | null {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
