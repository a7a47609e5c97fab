/** How long a forge is left alone after looks at it that failed. */
import { ForgeError } from "../model/errors.ts";

const FIRST_MS = 5_000;
const MAX_MS = 10 * 60_000;
/** A forge may ask for more than we would take, but not for ever. */
const MAX_ASKED_MS = 60 * 60_000;

/** Milliseconds; `failures` in a row, at least 1, and the `error` of the last one. */
export function pauseAfter(failures: number, error: unknown): number {
  const asked = error instanceof ForgeError ? (error.retryAfterMs ?? 0) : 0;
  return Math.max(Math.min(asked, MAX_ASKED_MS), Math.min(FIRST_MS * 2 ** (failures - 1), MAX_MS));
}
