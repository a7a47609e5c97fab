/**
 * One command of someone who may give it → a response. A refusal here is told with its reason, never silent.
 *
 * Every command is decided on what the store says, and a comment is settled as one. So at most one command of a comment
 * moves the issue's run; the others would be decided on what no longer holds. The one exception is a dispatch behind a
 * cancel: it takes the place of a run that ended at once, and is told of one that has yet to stop.
 */
import type { Command } from "../model/command.ts";
import { Refusal } from "../model/errors.ts";
import type { Answer, Run } from "../model/run.ts";
import * as say from "../report/messages.ts";
import type { Store } from "../store/store.ts";
import { type BeginDeps, begin, refusalOf } from "./begin.ts";
import { cancelled } from "./cancel.ts";
import { isFinal } from "./failure.ts";
import { type Request, type Response, refuse, reply } from "./response.ts";

export interface CommandDeps extends BeginDeps {
  readonly store: Store;
  /** The text of a run's status comment as it would be now. */
  readonly statusOf: (run: Run) => Promise<string>;
  readonly help: () => string;
}

/** Rejects with what may pass by itself, or is our own fault; what the person can act on is the response. */
export async function act(
  command: Command,
  request: Request,
  about: string,
  deps: CommandDeps,
): Promise<Response> {
  const no = (body: string) => refuse(request, about, body);
  const replaces = command.kind === "dispatch" && request.moved === "cancel";
  if (request.moved && wouldMove(command) && !replaces)
    return no(say.refused(MOVED, "Give this command in a comment of its own."));
  try {
    return await decide(command, request, about, deps);
  } catch (error) {
    if (!isFinal(error)) throw error;
    return no(say.refused(error.message, error instanceof Refusal ? error.fix : null));
  }
}

const MOVED = "an earlier command of this comment has already acted on the issue's run.";

function wouldMove(command: Command): boolean {
  if (command.kind === "dispatch") return !command.dryRun;
  return command.kind === "cancel" || command.kind === "retry" || command.kind === "answer";
}

async function decide(
  command: Command,
  request: Request,
  about: string,
  deps: CommandDeps,
): Promise<Response> {
  const no = (body: string) => refuse(request, about, body);
  switch (command.kind) {
    case "dispatch":
      return await begin(command, request, about, deps);
    case "help":
      return reply(request, about, deps.help());
    case "status":
      return reply(request, about, say.statusReply(await status(request, deps)));
    case "cancel": {
      const run = await active(request, deps);
      return run ? cancel(run, request) : no(say.nothingToCancel());
    }
    case "retry":
      return await retry(request, no, deps);
    case "answer": {
      const run = await active(request, deps);
      if (run?.state !== "blocked" || run.outcome?.kind !== "blocked") return no(say.nothingToAnswer());
      const given = { question: run.outcome.question, text: command.text, by: request.trigger.by };
      return await again(run, given, request, no, deps);
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
  return {
    changes: [{ kind: "cancel", runId: run.id, by: request.trigger.by, from: "leased" }],
    effects: [],
  };
}

async function retry(request: Request, no: (body: string) => Response, deps: CommandDeps): Promise<Response> {
  const { repo, issue } = request.event;
  const busy = await active(request, deps);
  const run = busy ?? (await deps.store.lastRun(repo, issue.number));
  if (!run || busy || run.state === "completed") return no(say.nothingToRetry(run?.state ?? null));
  return await again(run, null, request, no, deps);
}

/** Back into the queue, if the repository still allows what was asked for then. */
async function again(
  run: Run,
  given: Answer | null,
  request: Request,
  no: (body: string) => Response,
  deps: CommandDeps,
): Promise<Response> {
  const refusal = await refusalOf(run.request, request, deps);
  if (refusal !== null) return no(refusal);
  return { changes: [{ kind: "requeue", runId: run.id, answer: given }], effects: [] };
}
