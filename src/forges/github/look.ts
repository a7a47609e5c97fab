/**
 * What looks at missed events have in common: where one left off, and what ends it early. A look is bounded; one that
 * was not through leaves `rest`, and the next goes on there before the beginning moves.
 */
import { z } from "zod";
import { ForgeError } from "../../model/errors.ts";
import type { Lookback } from "../forge.ts";
import type { GithubClient } from "./client.ts";

const Mark = z.object({
  /** Everything before is known. ISO, on GitHub's clock. */
  since: z.iso.datetime(),
  rest: z.object({ began: z.iso.datetime(), from: z.string() }).nullable(),
});

export type Mark = z.output<typeof Mark>;

/** What happens while GitHub answers, or is late in its lists, is seen by two looks rather than by none. */
const OVERLAP_MS = 120_000;

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

/** After a look that began at `began`; `from` is where it stopped, null when it was through. */
export function nextCursor(mark: Mark, began: string, from: string | null): string {
  if (from !== null) return cursorOf({ since: mark.since, rest: { began, from } });
  return cursorOf({ since: iso(Date.parse(began) - OVERLAP_MS), rest: null });
}

/** GitHub's clock, from the head of an answer; ours when it does not tell. */
export function clockOf(headers: { readonly date?: string | undefined }, look: Lookback): number {
  const told = Date.parse(headers.date ?? "");
  return Number.isNaN(told) ? look.now : told;
}

export function iso(at: number): string {
  return new Date(at).toISOString();
}

/** The client's calls, which end with the look. */
export function callsOf(client: GithubClient, look: Lookback): GithubClient["asSelf"] {
  return async (action, call) => {
    look.signal.throwIfAborted();
    return await client.asSelf(action, (octokit, request, installation) =>
      call(octokit, { ...request, signal: AbortSignal.any([request.signal, look.signal]) }, installation),
    );
  };
}

/** Whether GitHub has answered, and says that there is nothing for us: not today, and not later. */
export function isGone(error: unknown): boolean {
  return (
    error instanceof ForgeError && !error.retryable && [400, 403, 404, 410, 422, 451].includes(error.status)
  );
}

/** Whether every further request would fail the same way: limits, a lost network or key, the end of the look itself. */
export function endsLook(error: unknown, look: Lookback): boolean {
  if (look.signal.aborted) return true;
  if (!(error instanceof ForgeError)) return false;
  if (error.status === 401 || error.status === 429 || error.retryAfterMs !== null) return true;
  return error.status === 0 && error.retryable;
}

function cursorOf(mark: Mark): string {
  return JSON.stringify(mark);
}
