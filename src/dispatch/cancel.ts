/** A run that no worker holds is cancelled at once, and its final answer is part of the same settlement. */
import type { Actor, Run } from "../model/run.ts";
import { answerEffects } from "../report/answer.ts";
import type { Response } from "./response.ts";

export function cancelled(run: Run, by: Actor): Response {
  const ended: Run = {
    ...run,
    state: "cancelled",
    outcome: { kind: "cancelled", by: by.login },
    cancelledBy: by,
  };
  return { changes: [{ kind: "cancel", runId: run.id, by }], effects: answerEffects(ended) };
}
