/** A run that no worker holds is cancelled at once, and its final answer is part of the same settlement. */
import type { NewEffect } from "../model/effect.ts";
import type { Event } from "../model/event.ts";
import type { Run } from "../model/run.ts";
import { answerEffects } from "../report/answer.ts";
import type { Response } from "./response.ts";

/** `by` the event: whose it was is named, and its key sets this end apart from what was said of the run before. */
export function cancelled(run: Run, by: Event): Response {
  const ended: Run = {
    ...run,
    state: "cancelled",
    outcome: { kind: "cancelled", by: by.by.login },
    cancelledBy: by.by,
  };
  const changes = [{ kind: "cancel", runId: run.id, by: by.by, from: "waiting" }] as const;
  return { changes, effects: answerEffects(ended).map((effect) => ofThisEnd(effect, by)), freed: true };
}

/** A run keeps its attempt while it waits: it may have been answered for it already, with a question or a failure. */
function ofThisEnd(effect: NewEffect, { key }: Event): NewEffect {
  return effect.action.kind === "status" ? effect : { ...effect, key: `${effect.key}:${key}` };
}
