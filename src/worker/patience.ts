/** Does something again while the forge or the store does not answer: what passes by itself must not end a finished run as failed. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { ForgeError, messageOf, StoreTrouble } from "../model/errors.ts";
import { NoAnswer } from "../workspace/explain.ts";

const LONGEST_MS = 60_000;
/** As many times the first pause; with one of a second, the first six are a minute together, and all ten. */
export const PAUSES: readonly number[] = [1, 2, 4, 8, 16, 32, ...Array.from({ length: 9 }, () => 60)];

export interface Patience {
  /** One between each two tries. */
  readonly pausesMs: readonly number[];
  /** Ends the waiting at once: rejects then with what went wrong last. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** `act` must be safe to do again. Rejects at once with what does not pass, and with what did not in all that time. */
export async function patiently<T>(act: () => Promise<T>, { pausesMs, signal, log }: Patience): Promise<T> {
  for (const pauseMs of pausesMs) {
    try {
      return await act();
    } catch (error) {
      if (!isPassing(error) || signal.aborted) throw error;
      const ms = Math.max(pauseMs, Math.min(waitAskedFor(error), LONGEST_MS));
      log.warn({ reason: messageOf(error), againInMs: ms }, "no answer; trying again");
      await sleep(ms, undefined, { signal }).catch(() => {
        throw error;
      });
    }
  }
  return await act();
}

/** Whether it may go away by itself. */
export function isPassing(error: unknown): boolean {
  return error instanceof NoAnswer || (error instanceof ForgeError && error.retryable) || isStoreAway(error);
}

/** The store does not answer now: that says nothing of the run, and no more can be said of it meanwhile. */
export function isStoreAway(error: unknown): boolean {
  return error instanceof StoreTrouble && error.passes;
}

function waitAskedFor(error: unknown): number {
  return error instanceof ForgeError ? (error.retryAfterMs ?? 0) : 0;
}
