/** What went wrong in a step of a run, as an outcome: everything that starts ends in an answer. */
import { messageOf, Refusal, StoreTrouble } from "../model/errors.ts";
import type { FailureReason, Outcome } from "../model/outcome.ts";
import { refusalOf } from "./closed.ts";
import type { WorkDeps } from "./deps.ts";

/**
 * A Refusal is shown as it is; what broke in us is logged whole and told in one line. What a forge refuses says itself
 * how to mend it. What the store says names the host it is on, which is nobody's business on an issue.
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
  const why = error instanceof StoreTrouble ? "the bot's own store refused a step of it" : messageOf(error);
  return { kind: "failed", reason, why: deps.redact(why), fix };
}
