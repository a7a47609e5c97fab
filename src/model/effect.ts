/**
 * What the bot wants done on a forge. An effect is recorded in the same transaction as the change of state it
 * follows from, then done, then confirmed; per issue they are done in order. Before one is tried again, it is
 * looked for on the forge (comments carry its key in an invisible marker), so that nothing is said twice.
 */
import type { RepoRef } from "./run.ts";

export type Reaction = "eyes" | "+1" | "-1" | "confused" | "rocket";

export type EffectAction =
  | { readonly kind: "react"; readonly commentId: string | null; readonly reaction: Reaction }
  /** A new comment: refusals, help, the final answer. */
  | { readonly kind: "comment"; readonly body: string }
  /** The run's one status comment: made the first time, edited from then on. A newer one replaces a waiting one. */
  | { readonly kind: "status"; readonly body: string }
  | { readonly kind: "review"; readonly body: string }
  | { readonly kind: "unlabel"; readonly label: string }
  | { readonly kind: "stopwatch" }
  /** Exact agent seconds of one attempt; ends the stopwatch too. Times are epoch milliseconds. */
  | {
      readonly kind: "time";
      readonly seconds: number;
      readonly startedAt: number;
      readonly endedAt: number;
      readonly sha: string | null;
      readonly ok: boolean;
    };

export interface NewEffect {
  readonly repo: RepoRef;
  readonly issue: number;
  readonly runId: string | null;
  /** Unique for ever: asking for the same effect again is ignored (a `status` replaces its waiting one). */
  readonly key: string;
  readonly action: EffectAction;
}

export interface Effect extends NewEffect {
  readonly id: string;
  /** How often it was begun before; above 0 it may have happened already. */
  readonly tries: number;
}
