/** What went wrong in a step of a run, as an outcome: everything that starts ends in an answer. */
import { messageOf, Refusal } from "../model/errors.ts";
import type { FailureReason, Outcome } from "../model/outcome.ts";
import { refusalOf } from "./closed.ts";
import type { WorkDeps } from "./deps.ts";

/**
 * A Refusal is shown as it is; what broke in us is logged whole and told in one line. What a forge refuses says itself
 * how to mend it.
 */
export function failed(
  reason: FailureReason,
  error: unknown,
  deps: Pick<WorkDeps, "log" | "redact">,
): Outcome {
  if (error instanceof Refusal)
    return { kind: "failed", reason, why: deps.redact(error.message), fix: error.fix };
  const fix = refusalOf(error) === null ? null : "Once that is mended, /dispatch retry.";
  deps.log.error({ err: error, step: reason }, "a step of a run broke");
  return { kind: "failed", reason, why: deps.redact(messageOf(error)), fix };
}
