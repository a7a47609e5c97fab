/** What the server needs of each vendor's API. */
import type { Reply } from "./reply.ts";
import type { Failure, Step, Turn } from "./script.ts";

/** Failures with an answer; `hang` and `drop` have none. */
export type SpokenFailure = Exclude<Failure, "hang" | "drop">;

export interface Call {
  /** Without the failure prefix and the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  /** A fresh number, for ids. */
  readonly number: number;
}

export interface Api {
  /** Null when the call is not one for the model. */
  turn(call: Call): Turn | null;
  /** `step` is a shell command or final words. */
  answer(call: Call, step: Exclude<Step, { readonly fail: Failure }>): Reply;
  failure(failure: SpokenFailure): Reply;
}

/** When a used-up plan is good again: an hour from now, in seconds since 1970. */
export function resetsAt(): number {
  return Math.floor(Date.now() / 1000) + 3600;
}
