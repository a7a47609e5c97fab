/**
 * The sentences users read, one pure function a situation: here what is said about commands, in `status.ts` the
 * status comment, in `answer.ts` the final answer, in `help.ts` the help, in `pull.ts` the pull request. Nobody else
 * writes prose to an issue. The outbox adds the invisible marker and takes secrets out; nothing here knows of either.
 */
import type { CommandError } from "../model/command.ts";
import type { Reaction } from "../model/effect.ts";
import { type ConfigProblem, describeProblem } from "../model/errors.ts";
import type { Run, RunRequest, RunState } from "../model/run.ts";
import { duration, utc } from "./figures.ts";
import { code, fenced, folded, inert } from "./markdown.ts";
import { footer, stateName } from "./status.ts";

export { help } from "./help.ts";
export {
  endedStatus,
  lastRunStatus,
  preparingStatus,
  publishingStatus,
  queuedStatus,
  runningStatus,
  statusEffect,
  statusReply,
} from "./status.ts";

/** Put on an accepted command. */
export const ACCEPTED: Reaction = "eyes";
/** Put on a command that was read and not accepted. */
export const REFUSED: Reaction = "confused";

/** `reason` comes from the permission gate and is a sentence. */
export function notPermitted(reason: string): string {
  return inert(reason, 1_000);
}

/** `suggestion` is the nearest configured agent. */
export function unknownAgent(agent: string, agents: readonly string[], suggestion: string | null): string {
  const meant = suggestion ? ` Did you mean ${code(suggestion)}?` : "";
  return `There is no agent ${code(agent)} here.${meant} There are: ${listed(agents)}.`;
}

/** The agent exists but is switched off, for all or for this repository. */
export function agentNotAllowed(agent: string, agents: readonly string[]): string {
  return `${code(agent)} may not be used in this repository. These may: ${listed(agents)}.`;
}

export function unreadable(error: CommandError): string {
  const meant = error.suggestion ? `\n\nDid you mean ${code(error.suggestion)}?` : "";
  const first = `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}`;
  return `I could not read that command, so nothing was started. ${first}.${meant}\n\n\`/dispatch help\` shows every command.`;
}

export function busy(run: Run): string {
  const how =
    run.state === "blocked"
      ? "waits for an answer: `/dispatch answer <text>` lets it go on,"
      : "is here already:";
  return `A run ${how} \`/dispatch cancel\` stops it, and then a new one can start.\n\n${footer(run, [stateName(run).toLowerCase()])}`;
}

export function nothingToCancel(): string {
  return "There is nothing to cancel: no run is queued, working or waiting on this issue.";
}

/** `state` is that of the issue's last run, null when there was none. */
export function nothingToRetry(state: RunState | null): string {
  if (state === null) return "There is nothing to retry: no run was on this issue yet.";
  if (state === "completed")
    return "There is nothing to retry: the last run completed. `/dispatch` starts a new one.";
  return `There is nothing to retry: the last run is still ${state.replace("_", " ")}.`;
}

export function nothingToAnswer(): string {
  return "There is nothing to answer: no run on this issue waits for an answer.";
}

export function disabledHere(): string {
  return "Agents are switched off for this repository by its own configuration.";
}

export function repositoryConfigWrong(problems: readonly ConfigProblem[]): string {
  const lines = problems.slice(0, 20).map(describeProblem).join("\n");
  return `The repository's own configuration is wrong, so nothing was started. Correct it on the default branch, then command again:\n\n${fenced(lines, 10_000)}`;
}

/** A Refusal met while a command was being read: its message and its fix. */
export function refused(message: string, fix: string | null): string {
  return `Nothing was started: ${inert(message, 2_000)}${fix ? `\n\n${inert(fix, 2_000)}` : ""}`;
}

export interface DryRun {
  readonly request: RunRequest;
  readonly workspace: string;
  readonly prompt: string;
}

export function dryRun(view: DryRun): string {
  const limit = view.request.timeoutMs === null ? "" : ` It may take ${duration(view.request.timeoutMs)}.`;
  return [
    `**Dry run**: nothing was started. ${code(view.request.agent)} would work in ${code(view.workspace)} with the template ${code(view.request.template)}.${limit}`,
    folded("The prompt", fenced(view.prompt, 50_000)),
  ].join("\n\n");
}

/** Announced on every issue with a queued run of the pool. */
export function poolPaused(pool: string, failures: number, until: number): string {
  return `${code(pool)} is paused until ${utc(until)}: ${failures} of its runs failed within a minute of their start. Queued runs are kept and start after that.`;
}

/** The status of a run that goes back to the queue because the machine it was worked on was lost. */
export function beginsAnew(run: Run, worker: string): string {
  return `👀 **Queued** again for ${code(run.request.agent)}: the worker ${code(worker)} was away for too long while it had this run, so it begins anew.\n\n${footer(run, ["`/dispatch cancel` stops it"])}`;
}

/** Put in the place of a whole comment in which a secret was found. */
export function secretHeldBack(): string {
  return "The answer to this held a secret of the bot's configuration, so it was not posted. An admin should look at the run's log and renew that secret.";
}

function listed(agents: readonly string[]): string {
  return agents.length > 0 ? agents.map(code).join(", ") : "none";
}

/** We broke, or could not find out whether this person may command: no detail, since anybody may read it. */
export function broke(): string {
  return "I could not handle this: something is wrong on my side, so nothing was started. An admin of the bot finds the reason in its log.";
}
