/**
 * What one event asks of us, and what we make of it: changes for the store and words for the issue. Reads the store
 * and asks the forge; writes nothing, so it can be done again. The permission gate stands before every command.
 */
import type { Forge } from "../forges/forge.ts";
import type { Command, CommandError } from "../model/command.ts";
import { messageOf } from "../model/errors.ts";
import type { CommentCreated, Event, IssueClosed, LabelsChanged } from "../model/event.ts";
import type { Trigger } from "../model/run.ts";
import type { Decision } from "../permission/permission.ts";
import { ACCEPTED, broke, notPermitted, REFUSED, refused, unreadable } from "../report/messages.ts";
import { act, type CommandDeps } from "./act.ts";
import { cancelled } from "./cancel.ts";
import { CommandBroke, isFinal, isOurs } from "./failure.ts";
import { judgeLabels, labelsSeen } from "./labels.ts";
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
    if (event.kind === "comment") return await onComment(event, forge, deps);
    if (event.kind === "labels") return await onLabels(event, forge, deps);
    return await onClosed(event, forge, deps);
  };
}

async function onComment(event: CommentCreated, forge: Forge, deps: ResponderDeps): Promise<Response> {
  const seen = await labelsSeen(event, forge, deps);
  const commands = deps.parseComment(event.body);
  if (commands.length === 0) return seen;
  const trigger: Trigger = {
    kind: "comment",
    by: event.by,
    commentId: event.commentId,
    label: null,
    at: event.at,
  };
  return join(seen, await gated({ event, forge, trigger, ...UNTOUCHED }, commands, deps));
}

const UNTOUCHED = { freed: false, moved: null } as const;

/** Also when the bot took its label off: what it left is remembered, so that the label counts when it comes again. */
async function onLabels(event: LabelsChanged, forge: Forge, deps: ResponderDeps): Promise<Response> {
  const { wanted, remembered } = await judgeLabels(event, forge, deps);
  if (!wanted) return remembered;
  const { label, by, at, known } = wanted;
  const trigger: Trigger = { kind: "label", by, commentId: null, label, at };
  const command: Command = { ...BARE_DISPATCH, agent: wanted.agent };
  const request: Request = { event: { ...event, by, at }, forge, trigger, ...UNTOUCHED };
  // One who may not, and perhaps had no part in it, is not refused: whoever put it on is told what to do.
  const instead = known === "guess" ? reply(request, "whose", whose(label)) : null;
  return join(remembered, await gated(request, [command], deps, instead));
}

function whose(label: string): string {
  const message = `${label} was put on this issue, but the forge does not tell by whom.`;
  return refused(message, "Take the label off and put it on again, or give the command in a comment.");
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

/** `instead` is the response where this person, or the bot itself, may not command. */
async function gated(
  request: Request,
  commands: readonly (Command | CommandError)[],
  deps: ResponderDeps,
  instead: Response | null = null,
): Promise<Response> {
  try {
    // The bot's own comments and labels come back as webhooks.
    if (request.event.by.id === (await request.forge.self()).id) return instead ?? nothing;
    const decision = await deps.permit(request.event, request.forge);
    if (decision.allowed) return await inOrder(request, commands, deps);
    if (instead) return instead;
    return decision.answer ? reply(request, "denied", notPermitted(decision.reason)) : nothing;
  } catch (error) {
    // Whether this person may know more could not be found out.
    if (isFinal(error)) return { ...reply(request, "broke", broke()), troubles: [messageOf(error)] };
    throw isOurs(error) ? new CommandBroke(request.event, error) : error;
  }
}

async function inOrder(
  request: Request,
  commands: readonly (Command | CommandError)[],
  deps: ResponderDeps,
): Promise<Response> {
  let response: Response = nothing;
  let { freed, moved } = request;
  for (const [index, command] of commands.entries()) {
    const about = `${command.kind}-${index}`;
    if (command.kind === "error") {
      response = join(response, react(request, REFUSED), reply(request, about, unreadable(command)));
      continue;
    }
    const part = await act(command, { ...request, freed, moved }, about, deps);
    freed ||= part.freed ?? false;
    moved ??= part.changes[0]?.kind ?? null;
    response = join(response, react(request, part.refused ? REFUSED : ACCEPTED), part);
  }
  return response;
}

/** A run that waits for a closed issue has lost its point; one that works is left to end, and so is a later one. */
async function onClosed(event: IssueClosed, forge: Forge, deps: ResponderDeps): Promise<Response> {
  if (event.by.id === (await forge.self()).id) return nothing;
  const run = await deps.store.activeRun(event.repo, event.issue.number);
  if (!run || run.trigger.at > event.at || (run.state !== "queued" && run.state !== "blocked"))
    return nothing;
  return cancelled(run, event);
}
