/** What becomes of an effect that did not work: tried again after a pause, or given up. Pure. */
import { createHash } from "node:crypto";
import type { Effect } from "../model/effect.ts";
import { ForgeError, messageOf } from "../model/errors.ts";
import { isRefused } from "./deliver.ts";
import { askedMs } from "./forge-pause.ts";

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 600_000;
/**
 * Pauses of 1 s, 2 s, … 512 s, then 10 min each: together about 24 hours of this effect's own. Counted in tries and
 * not by the clock, so that the time a whole forge was left alone, or a clock that jumps, takes nothing from it.
 */
const MOST_TRIES = 152;
/** A request without an answer for so long was ended by us, and the forge may still do what it was asked for. */
const SILENT_MS = 10_000;
const AFTER_SILENCE_MS = 60_000;

export interface Circumstances {
  /** Milliseconds from its beginning to the failure. */
  readonly tookMs: number;
  /** The forge as a whole does not answer. */
  readonly inTrouble: boolean;
  /** For how long it is left alone because of this failure, in milliseconds; null when it is not. */
  readonly forgePauseMs: number | null;
}

export interface Verdict {
  readonly reason: string;
  /** Milliseconds; null to give it up. */
  readonly pauseMs: number | null;
  /** A failure of the forge's, told in one line; any other is ours, to be looked into. */
  readonly known: boolean;
}

export function afterFailure(effect: Effect, error: unknown, circumstances: Circumstances): Verdict {
  const known = error instanceof ForgeError;
  const reason = messageOf(error);
  const pauseMs = isLost(effect, error, circumstances) ? null : pauseAfter(effect, error, circumstances);
  return { reason, pauseMs, known };
}

function isLost(effect: Effect, error: unknown, { inTrouble }: Circumstances): boolean {
  // The clock is a courtesy.
  if (effect.action.kind === "stopwatch" || isRefused(error)) return true;
  const waits = inTrouble || (error instanceof ForgeError && error.status === 401);
  return !waits && effect.tries >= MOST_TRIES;
}

/**
 * Doubles with each try; spread by a quarter so that many do not come back at once. The forge may ask for more. One
 * that is left alone as a whole has pauses enough: when it is back, nothing waits for more than that.
 */
function pauseAfter(effect: Effect, error: unknown, { tookMs, forgePauseMs }: Circumstances): number {
  const base = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(effect.tries, 20));
  const byte = createHash("sha256").update(`${effect.key} ${effect.tries}`).digest()[0] ?? 0;
  const own = Math.round(base * (0.75 + byte / 512));
  if (!(error instanceof ForgeError)) return own;
  const silence = error.status === 0 && tookMs >= SILENT_MS ? AFTER_SILENCE_MS : 0;
  return Math.max(askedMs(error), silence, forgePauseMs ?? own);
}
