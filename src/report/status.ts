/** The one status comment of a run, edited as it moves. Pure; the sentences of one form: what, who, since when. */
import type { NewEffect } from "../model/effect.ts";
import type { BlockedHost } from "../model/outcome.ts";
import { type Run, STATE_MEANING } from "../model/run.ts";
import { count, duration, utc } from "./figures.ts";
import { code, inline } from "./markdown.ts";
import { notLetTo } from "./network.ts";

/** Why a queued run does not start though its turn may have come. */
export type Wait =
  | { readonly kind: "cap" }
  | { readonly kind: "paused"; readonly pool: string; readonly until: number }
  | { readonly kind: "frozen" };

export interface QueuedView {
  /** Runs that go before this one. */
  readonly ahead: number;
  readonly wait: Wait | null;
}

export interface RunningView {
  /** Epoch milliseconds. */
  readonly now: number;
  /** The last thing the agent did, in one line; null while nothing was seen. */
  readonly activity: { readonly text: string; readonly at: number } | null;
  /** Invisible characters taken out of the issue before the agent saw it. */
  readonly hidden: number;
  /** Where the agent was not let to so far. */
  readonly blocked: readonly BlockedHost[];
}

/** One key a run, so that a newer status replaces a waiting one and there is only ever one comment of it. */
export function statusEffect(run: Run, body: string): NewEffect {
  const { repo, id } = run;
  return { repo, issue: run.issue.number, runId: id, key: `status:${id}`, action: { kind: "status", body } };
}

export function queuedStatus(run: Run, view: QueuedView): string {
  const ahead =
    view.ahead === 0
      ? "nothing is ahead of it"
      : `${count(view.ahead, "run")} ${view.ahead === 1 ? "is" : "are"} ahead of it`;
  return `👀 **Queued** for ${code(run.request.agent)} since ${utc(run.queuedAt)}; ${ahead}.${waiting(view.wait)}\n\n${controls(run)}`;
}

/** `progress`: how far something is that takes long, such as an image that is pulled; null while there is none. */
export function preparingStatus(run: Run, progress: string | null = null): string {
  const what = progress === null ? "the repository is fetched and the prompt written" : inline(progress, 200);
  return `👀 **Preparing** for ${code(run.request.agent)}: ${what}.\n\n${controls(run)}`;
}

export function runningStatus(run: Run, view: RunningView): string {
  const started = run.startedAt ?? view.now;
  const activity = view.activity
    ? ` Last seen at ${utc(view.activity.at)}: ${inline(view.activity.text, 200)}`
    : "";
  const hidden =
    view.hidden > 0
      ? `\n\n${count(view.hidden, "hidden character")} in the issue or its comments ${view.hidden === 1 ? "was" : "were"} not shown to the agent.`
      : "";
  const blocked = notLetTo(view.blocked).map((sentence) => `\n\n${sentence}`);
  return `👀 **Running**: ${code(run.request.agent)} works since ${utc(started)} (${duration(view.now - started)}).${activity}${hidden}${blocked.join("")}\n\n${controls(run)}`;
}

export function publishingStatus(run: Run): string {
  return `👀 **Publishing**: ${code(run.request.agent)} has ended; its work is pushed and the answer written.\n\n${footer(run)}`;
}

/** What the status comment says for good; the answer itself is a new comment, so that people are notified. */
export function endedStatus(run: Run): string {
  const next =
    run.state === "blocked" ? "The question is in a comment below." : "The answer is in a comment below.";
  return `**${stateName(run)}.** ${next}\n\n${footer(run)}`;
}

/** The reply to `/dispatch status`. `status` is the text of the status comment as it would be now. */
export function statusReply(status: string | null): string {
  return status ?? "There is no run on this issue yet. `/dispatch help` shows how to start one.";
}

/** `/dispatch status` on an issue whose last run has ended. */
export function lastRunStatus(run: Run): string {
  return `Nothing runs here now. The last run **${stateName(run).toLowerCase()}**: ${STATE_MEANING[run.state]}.\n\n${footer(run)}`;
}

export function stateName(run: Pick<Run, "state">): string {
  const name = run.state.replace("_", " ");
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

/** The small line under every comment about a run. */
export function footer(run: Run, more: readonly string[] = []): string {
  const attempt = run.attempt > 1 ? [`attempt ${run.attempt}`] : [];
  return `<sub>${[code(run.request.agent), `run ${code(run.id)}`, ...attempt, ...more].join(" · ")}</sub>`;
}

function controls(run: Run): string {
  return footer(run, ["`/dispatch cancel` stops it"]);
}

function waiting(wait: Wait | null): string {
  switch (wait?.kind) {
    case "cap":
      return " It starts as soon as a place is free.";
    case "paused":
      return ` ${code(wait.pool)} is paused until ${utc(wait.until)} after failures in a row.`;
    case "frozen":
      return " The queue is frozen by an admin; it starts when the queue is thawed.";
    default:
      return "";
  }
}
