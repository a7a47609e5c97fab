/** How long a forge is left alone between two looks at it. */
import type { Missed } from "../forges/forge.ts";
import { ForgeError } from "../model/errors.ts";

const FIRST_MS = 5_000;
const MAX_MS = 10 * 60_000;
/** A forge may ask for more than we would take, but not for ever. */
const MAX_ASKED_MS = 60 * 60_000;
/** With trouble; a look that takes many parts is not to take days. */
const MAX_GO_ON_MS = 60_000;

/** Milliseconds; `failures` in a row, at least 1, and the `error` of the last one. */
export function pauseAfter(failures: number, error: unknown): number {
  const asked = error instanceof ForgeError ? (error.retryAfterMs ?? 0) : 0;
  return Math.max(Math.min(asked, MAX_ASKED_MS), Math.min(FIRST_MS * 2 ** (failures - 1), MAX_MS));
}

/**
 * Milliseconds between a look that worked and the next; null when none is needed. `troubled` looks in a row could not
 * look at everything, this one included; `everyMs` is the usual pause, null for none.
 */
export function pauseBefore(
  { trouble = null, through = true }: Pick<Missed, "trouble" | "through">,
  troubled: number,
  everyMs: number | null,
  goOnMs: number,
): number | null {
  if (through) return trouble === null ? everyMs : (everyMs ?? pauseAfter(troubled, null));
  const pause = trouble === null ? goOnMs : Math.min(pauseAfter(troubled, null), MAX_GO_ON_MS);
  return Math.min(pause, everyMs ?? pause);
}
