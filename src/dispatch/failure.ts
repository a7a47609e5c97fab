/** Tells apart what went wrong: what passes by itself, what no later try can mend, and what is our own fault. */
import { ForgeError, messageOf, Refusal, StoreTrouble } from "../model/errors.ts";
import type { Event } from "../model/event.ts";

/** We broke while a command was handled; `event` is where the person waits for a word. */
export class CommandBroke extends Error {
  override readonly name = "CommandBroke";
  readonly event: Event;
  constructor(event: Event, cause: unknown) {
    super(messageOf(cause), { cause });
    this.event = event;
  }
}

/** True for what no later try can mend. A token that is not accepted (401) can be renewed by the admin. */
export function isFinal(error: unknown): error is ForgeError | Refusal {
  if (error instanceof Refusal) return true;
  return error instanceof ForgeError && !error.retryable && error.status !== 401;
}

/** True for what the forge has no part in: nobody knows whether it will ever pass. */
export function isOurs(error: unknown): boolean {
  if (error instanceof StoreTrouble && error.passes) return false;
  return !(error instanceof ForgeError) && !(error instanceof Refusal);
}
