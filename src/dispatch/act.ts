/** One command of someone who may give it → a response. A refusal here is told with its reason, never silent. */
import type { Command } from "../model/command.ts";
import { Refusal } from "../model/errors.ts";
import type { Answer, Run } from "../model/run.ts";
import * as say from "../report/messages.ts";
import type { Store } from "../store/store.ts";
import { type BeginDeps, begin, refusalOf } from "./begin.ts";
import { cancelled } from "./cancel.ts";
import { type Request, type Response, reply } from "./response.ts";

export interface CommandDeps extends BeginDeps {
  readonly store: Store;
  /** The text of a run's status comment as it would be now. */
  readonly statusOf: (run: Run) => Promise<string>;
  readonly help: () => string;
}

export async function act(
  command: Command,
  request: Request,
  about: string,
  deps: CommandDeps,
): Promise<Response> {
  const answer = (body: string) => reply(request, about, body);
  switch (command.kind) {
    case "dispatch":
      return await begin(command, request, about, deps).catch((error) => {
        if (!(error instanceof Refusal)) throw error;
        return answer(say.refused(error.message, error.fix));
      });
    case "help":
      return answer(deps.help());
    case "status":
      return answer(say.statusReply(await status(request, deps)));
    case "cancel": {
      const run = request.freed ? null : await active(request, deps);
      return run ? cancel(run, request) : answer(say.nothingToCancel());
    }
    case "retry":
      return await retry(request, answer, deps);
    case "answer": {
      const run = await active(request, deps);
      if (run?.state !== "blocked" || run.outcome?.kind !== "blocked") return answer(say.nothingToAnswer());
      const given = { question: run.outcome.question, text: command.text, by: request.trigger.by };
      return await again(run, given, request, answer, deps);
    }
  }
}

const active = ({ event }: Request, { store }: CommandDeps) =>
  store.activeRun(event.repo, event.issue.number);

async function status(request: Request, deps: CommandDeps): Promise<string | null> {
  const { repo, issue } = request.event;
  const run = (await active(request, deps)) ?? (await deps.store.lastRun(repo, issue.number));
  return run ? await deps.statusOf(run) : null;
}

/** A waiting run ends here and now; a working one is stopped by its worker, which then answers. */
function cancel(run: Run, request: Request): Response {
  if (run.state === "queued" || run.state === "blocked") return cancelled(run, request.event);
  return { changes: [{ kind: "cancel", runId: run.id, by: request.trigger.by }], effects: [] };
}

async function retry(
  request: Request,
  answer: (body: string) => Response,
  deps: CommandDeps,
): Promise<Response> {
  const { repo, issue } = request.event;
  const busy = await active(request, deps);
  const run = busy ?? (await deps.store.lastRun(repo, issue.number));
  if (!run || busy || run.state === "completed") return answer(say.nothingToRetry(run?.state ?? null));
  return await again(run, null, request, answer, deps);
}

/** Back into the queue, if the repository still allows what was asked for then. */
async function again(
  run: Run,
  given: Answer | null,
  request: Request,
  answer: (body: string) => Response,
  deps: CommandDeps,
): Promise<Response> {
  const refusal = await refusalOf(run.request, request, deps);
  if (refusal !== null) return answer(refusal);
  return { changes: [{ kind: "requeue", runId: run.id, answer: given }], effects: [] };
}
