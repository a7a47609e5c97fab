/**
 * Leaves a forge, or what of it has one limit, alone when it is in trouble as a whole, so that not every issue asks it again: after a rate limit, and
 * when it could not be reached, or answered several issues with its own errors, several times in a row. The pauses
 * grow, and after each one effect goes first to see. An error on one issue alone is no pause for the others: what is
 * in trouble then may be that one request.
 */
import type { Effect } from "../model/effect.ts";
import { ForgeError } from "../model/errors.ts";
import { repoName } from "../model/run.ts";
import { HoldEnded } from "./hold.ts";

export interface ForgePause {
  /** How many effects may be under way at `now`. */
  most(now: number): number;
  /** Counts the pauses; to be asked when an effect is begun and given back with its end. */
  count(): number;
  /** The forge answered, be it with a refusal. */
  answered(count: number): void;
  /** Returns for how long the forge is left alone from now on, in milliseconds; null when this is no reason to. */
  failed(effect: Effect, error: ForgeError, count: number, now: number): number | null;
  /** The end of the last pause, epoch milliseconds. */
  until(): number;
  /** True from the first pause until the forge has answered. */
  inTrouble(): boolean;
}

const AT_ONCE = 8;
/** So many requests in a row without any answer, or issues with none but errors, are the forge's trouble. */
const IN_A_ROW = 3;
const FIRST_MS = 2_000;
const LONGEST_MS = 60_000;
/** What a forge may ask for: GitHub's limits end within the hour. */
const LONGEST_ASKED_MS = 2 * 3_600_000;

export function createForgePause(): ForgePause {
  const troubled = new Set<string>();
  let pauses = 0;
  /** These two since the forge answered last. */
  let inARow = 0;
  let silences = 0;
  /** Epoch milliseconds. */
  let from = 0;
  let until = 0;

  const pause = (now: number, ms: number) => {
    from = now;
    until = now + ms;
    inARow += 1;
    pauses += 1;
    return ms;
  };

  return {
    // A clock that was set back ends the pause.
    most: (now) => (from <= now && now < until ? 0 : inARow > 0 ? 1 : AT_ONCE),
    count: () => pauses,
    until: () => until,
    inTrouble: () => inARow > 0,
    answered(count) {
      // What was begun before the last pause says nothing of the time since.
      if (count !== pauses) return;
      troubled.clear();
      inARow = silences = 0;
    },
    failed(effect, error, count, now) {
      const asked = askedMs(error);
      if (count !== pauses) {
        until = Math.max(until, now + asked);
        return null;
      }
      troubled.add(`${repoName(effect.repo).toLowerCase()}#${effect.issue}`);
      if (error.status === 0) silences += 1;
      const whole = asked > 0 || error.status === 429 || inARow > 0;
      if (!whole && silences < IN_A_ROW && troubled.size < IN_A_ROW) return null;
      return pause(now, asked || Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(inARow, 20)));
    },
  };
}

/** How long the forge asked to be left alone, in milliseconds; 0 when it did not say. */
export function askedMs({ retryAfterMs }: ForgeError): number {
  return Math.min(retryAfterMs ?? 0, LONGEST_ASKED_MS);
}

/** Whether this end of an effect says that the forge does not work, rather than what it thinks of the effect. */
export function isForgeTrouble(error: unknown): error is ForgeError {
  return error instanceof ForgeError && error.retryable && !(error instanceof HoldEnded);
}
