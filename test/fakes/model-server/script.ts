/** What a test says the model does: for each turn one step, or a failure in the vendor's own words. */

export type Failure =
  /** The key is refused. */
  | "unauthorized"
  /** Too many requests; waiting helps. */
  | "rate_limited"
  /** The plan is used up until a time that is told. */
  | "usage_limit"
  | "server_error"
  /** Takes the request and never answers. */
  | "hang"
  /** Begins to answer and breaks off. */
  | "drop";

export const FAILURES: readonly Failure[] = [
  "unauthorized",
  "rate_limited",
  "usage_limit",
  "server_error",
  "hang",
  "drop",
];

export type Step = { readonly shell: string } | { readonly say: string } | { readonly fail: Failure };

/** What the model is asked, in one vocabulary for all APIs. */
export interface Turn {
  readonly api: "openai" | "anthropic" | "gemini";
  readonly model: string;
  /** The user's last words. */
  readonly prompt: string;
  /** Steps done since the user spoke: 0 for the first answer. */
  readonly step: number;
}

export type Script = (turn: Turn) => Step;

/** The steps one after the other, and the last one for ever. */
export function inOrder(...steps: readonly [Step, ...Step[]]): Script {
  return ({ step }) => steps[Math.min(step, steps.length - 1)] ?? steps[0];
}
