/**
 * What one event asks of us, and what we make of it: changes for the store and words for the issue. Reads the store
 * and asks the forge; writes nothing, so it can be done again. The permission gate stands before every command.
 */
import type { Forge } from "../forges/forge.ts";
import type { Command, CommandError } from "../model/command.ts";
import type { CommentCreated, Event, IssueClosed, LabelsChanged } from "../model/event.ts";
import type { Trigger } from "../model/run.ts";
import type { Decision } from "../permission/permission.ts";
import { ACCEPTED, notPermitted, REFUSED, unreadable } from "../report/messages.ts";
import { act, type CommandDeps } from "./act.ts";
import { cancelled } from "./cancel.ts";
import { join, nothing, type Request, type Response, react, reply } from "./response.ts";

export type Respond = (event: Event, forge: Forge) => Promise<Response>;

export interface ResponderDeps extends CommandDeps {
  readonly parseComment: (body: string) => readonly (Command | CommandError)[];
  readonly parseLabel: (label: string) => { readonly agent: string } | null;
  /** The gate. Rejects with a ForgeError when the forge cannot be asked; the command is then read again later. */
  readonly permit: (event: Event, forge: Forge) => Promise<Decision>;
}

export function createResponder(deps: ResponderDeps): Respond {
  return async (event, forge) => {
    // The bot's own comments and labels come back as webhooks.
    if (event.by.id === (await forge.self()).id) return nothing;
    if (event.kind === "comment") return await onComment(event, forge, deps);
    if (event.kind === "labels") return await onLabels(event, forge, deps);
    return await onClosed(event, deps);
  };
}

async function onComment(event: CommentCreated, forge: Forge, deps: ResponderDeps): Promise<Response> {
  const commands = deps.parseComment(event.body);
  if (commands.length === 0) return nothing;
  const trigger: Trigger = {
    kind: "comment",
    by: event.by,
    commentId: event.commentId,
    label: null,
    at: event.at,
  };
  return await gated({ event, forge, trigger, freed: false }, commands, deps);
}

/** Forgejo tells only the new set: what was added is what the remembered set does not hold. */
async function onLabels(event: LabelsChanged, forge: Forge, deps: ResponderDeps): Promise<Response> {
  const { repo, issue, labels } = event;
  const before = event.added === null ? ((await deps.store.labels(repo, issue.number)) ?? []) : [];
  const added = event.added === null ? labels.filter((label) => !before.includes(label)) : [event.added];
  const remember: Response = {
    changes: [{ kind: "labels", repo, issue: issue.number, labels }],
    effects: [],
  };
  const wanted = added
    .map((label) => ({ label, agent: deps.parseLabel(label)?.agent }))
    .find(({ agent }) => agent);
  if (!wanted?.agent) return remember;
  const trigger: Trigger = {
    kind: "label",
    by: event.by,
    commentId: null,
    label: wanted.label,
    at: event.at,
  };
  const command: Command = { ...BARE_DISPATCH, agent: wanted.agent };
  return join(remember, await gated({ event, forge, trigger, freed: false }, [command], deps));
}

const BARE_DISPATCH = {
  kind: "dispatch",
  agent: null,
  template: null,
  plan: null,
  persona: null,
  variables: {},
  branch: null,
  tag: null,
  timeoutMs: null,
  dryRun: false,
  task: "",
} as const satisfies Command;

async function gated(
  request: Request,
  commands: readonly (Command | CommandError)[],
  deps: ResponderDeps,
): Promise<Response> {
  const decision = await deps.permit(request.event, request.forge);
  if (!decision.allowed) {
    return decision.answer ? reply(request, "denied", notPermitted(decision.reason)) : nothing;
  }
  let response: Response = nothing;
  let { freed } = request;
  for (const [index, command] of commands.entries()) {
    const about = `${command.kind}-${index}`;
    if (command.kind === "error") {
      response = join(response, react(request, REFUSED), reply(request, about, unreadable(command)));
      continue;
    }
    const part = await act(command, { ...request, freed }, about, deps);
    freed ||= part.freed ?? false;
    response = join(response, react(request, ACCEPTED), part);
  }
  return response;
}

/** A run that waits for a closed issue has lost its point; one that works is left to end. */
async function onClosed(event: IssueClosed, deps: ResponderDeps): Promise<Response> {
  const run = await deps.store.activeRun(event.repo, event.issue.number);
  if (!run || (run.state !== "queued" && run.state !== "blocked")) return nothing;
  return cancelled(run, event);
}
