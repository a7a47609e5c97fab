/**
 * What looks at missed events have in common: where one left off, and what ends it early. A look is bounded; one that
 * was not through leaves `rest`, and the next goes on there before the beginning moves. What failed by itself holds up
 * nothing: it is noted, and looked at again.
 */
import { z } from "zod";
import { ForgeError } from "../../model/errors.ts";
import type { Lookback } from "../forge.ts";
import type { GithubClient } from "./client.ts";

/** A delivery that did not arrive, as the log knows it. */
const Lost = z.object({
  /** Of the last attempt. */
  id: z.string(),
  guid: z.string(),
  event: z.string(),
  /** When it was sent first. */
  at: z.string(),
  /** Whether it was sent again. */
  redelivery: z.boolean(),
});
export type Lost = z.output<typeof Lost>;

const Mark = z.object({
  /** Everything before is known, but for what is noted below. ISO, on GitHub's clock. */
  since: z.iso.datetime(),
  rest: z
    .object({
      began: z.iso.datetime(),
      /** A page of the log; or the last repository that is done with, in lower case, empty when none is. */
      from: z.string(),
      /** A repository that was looked at in part. */
      within: z.object({ name: z.string(), until: z.iso.datetime() }).nullable().default(null),
    })
    .nullable(),
  /** Repositories that could not be looked at, by name, and since when. */
  repositories: z.record(z.string(), z.iso.datetime()).default({}),
  /** Deliveries in the log that could not be read. */
  entries: z.array(Lost).default([]),
});

export type Mark = z.output<typeof Mark>;

/** What happens while GitHub answers, or is late in its lists, is seen by two looks rather than by none. */
const OVERLAP_MS = 120_000;
/** Reasons told of one look. */
const MOST_TOLD = 3;

/**
 * Null at the first look, and for a cursor of another kind of forge. `isOurs` tells a rest of this kind of look from one
 * of the other: the bot may have been a token and become an App.
 */
export function readMark(cursor: string | null, isOurs: (from: string) => boolean): Mark | null {
  if (cursor === null) return null;
  const { data: mark } = Mark.safeParse(parsed(cursor));
  if (!mark) return null;
  return mark.rest && !isOurs(mark.rest.from) ? { ...mark, rest: null } : mark;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

/** `at` is epoch milliseconds on GitHub's clock. */
export function firstCursor(at: number): string {
  return cursorOf({ since: iso(at), rest: null });
}

export function cursorOf({
  since,
  rest,
  repositories = {},
  entries = [],
}: Pick<Mark, "since" | "rest"> & Partial<Mark>): string {
  const isNoted = Object.keys(repositories).length > 0;
  return JSON.stringify({
    since,
    rest,
    ...(isNoted && { repositories }),
    ...(entries.length > 0 && { entries }),
  });
}

/** Where the look after one that began, or stopped, at this time begins. */
export function before(at: string): string {
  return iso(Date.parse(at) - OVERLAP_MS);
}

/** GitHub's clock, from the head of an answer; ours when it does not tell. */
export function clockOf(headers: { readonly date?: string | undefined }, look: Lookback): number {
  const told = Date.parse(headers.date ?? "");
  return Number.isNaN(told) ? look.now : told;
}

export function iso(at: number): string {
  return new Date(at).toISOString();
}

export interface Calls {
  /** The client's call, which ends with the look. */
  readonly ask: GithubClient["asSelf"];
  /** How many there were. */
  readonly spent: () => number;
}

export function callsOf(client: GithubClient, look: Lookback): Calls {
  let spent = 0;
  return {
    spent: () => spent,
    async ask(action, call) {
      look.signal.throwIfAborted();
      spent++;
      return await client.asSelf(action, (octokit, request, installation) =>
        call(octokit, { ...request, signal: AbortSignal.any([request.signal, look.signal]) }, installation),
      );
    },
  };
}

/** Whether GitHub has answered, and says that there is nothing for us: not today, and not later. */
export function isGone(error: unknown): boolean {
  return (
    error instanceof ForgeError && !error.retryable && [400, 403, 404, 410, 422, 451].includes(error.status)
  );
}

/**
 * Whether every further request would be refused the same way: limits, a wrong key, the end of the look itself. One
 * that only brought no answer is a matter of what was asked for: it must not keep the looks from what comes after it.
 */
export function endsLook(error: unknown, look: Lookback): boolean {
  if (look.signal.aborted) return true;
  if (!(error instanceof ForgeError)) return false;
  return error.status === 401 || error.status === 429 || (error.status === 403 && error.retryable);
}

/** In a sentence for the log; null when there was none. */
export function troubleOf(reasons: ReadonlySet<string>): string | null {
  if (reasons.size === 0) return null;
  const more = reasons.size - MOST_TOLD;
  return `${[...reasons].slice(0, MOST_TOLD).join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
}
