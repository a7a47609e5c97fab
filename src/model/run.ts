/**
 * A run is one accepted request and everything that became of it. This file owns the states and the arrows
 * between them; a store refuses every other arrow, and only the holder of a run's lease may move it.
 */
import type { Outcome, RunReport } from "./outcome.ts";

export const RUN_STATES = [
  "queued",
  "preparing",
  "running",
  "publishing",
  "completed",
  "failed",
  "blocked",
  "cancelled",
  "timed_out",
] as const;
export type RunState = (typeof RUN_STATES)[number];

/** One line of meaning for each state, shown in help texts and docs. */
export const STATE_MEANING: Readonly<Record<RunState, string>> = {
  queued: "accepted and waiting for a worker",
  preparing: "a worker fetches the repository and writes the prompt",
  running: "the agent works",
  publishing: "the agent has ended; its work is pushed and the answer written",
  completed: "the agent ended well and what it did is published",
  failed: "the agent or the bot could not finish; the final answer says why",
  blocked: "the agent asked a question and waits for the answer",
  cancelled: "someone who may dispatch stopped it",
  timed_out: "stopped at its total or idle time limit",
};

/** The only arrows. Ends go through `publishing`, where the outcome is already recorded, so a crash there is safe. */
export const TRANSITIONS: Readonly<Record<RunState, readonly RunState[]>> = {
  queued: ["preparing", "cancelled", "failed"],
  preparing: ["running", "queued", "failed", "cancelled", "timed_out"],
  running: ["publishing", "queued", "failed"],
  publishing: ["completed", "failed", "blocked", "cancelled", "timed_out", "queued"],
  completed: [],
  failed: ["queued"],
  blocked: ["queued", "cancelled"],
  cancelled: ["queued"],
  timed_out: ["queued"],
};

/** States in which a run takes a place under the caps and holds a lease. */
export const LEASED_STATES = ["preparing", "running", "publishing"] as const satisfies readonly RunState[];
/** States in which an issue counts as having a run; a second command on it is refused. */
export const ACTIVE_STATES = ["queued", ...LEASED_STATES, "blocked"] as const satisfies readonly RunState[];
export function canMove(from: RunState, to: RunState): boolean {
  return TRANSITIONS[from].includes(to);
}

/** A repository on a configured forge. `forge` is the instance's name in the config ("github", "codeberg"). */
export interface RepoRef {
  readonly forge: string;
  readonly owner: string;
  readonly name: string;
}

/** Who did something, by the forge's numeric id; the login is only for showing. */
export interface Actor {
  readonly id: number;
  readonly login: string;
}

/** What was asked for: every field of it is kept through queue, retry and answer. */
export interface RunRequest {
  /** `name` or `name:model`, split at the first colon. */
  readonly agent: string;
  readonly task: string;
  readonly template: string;
  readonly plan: string | null;
  readonly variables: Readonly<Record<string, string>>;
  readonly persona: string | null;
  readonly branch: string | null;
  readonly tag: string | null;
  /** Total time limit in milliseconds; null means the configured one. */
  readonly timeoutMs: number | null;
}

/** The issue or pull request as it stood when the command was given; later edits are not taken. */
export interface IssueSnapshot {
  readonly number: number;
  readonly isPull: boolean;
  readonly title: string;
  readonly body: string;
  readonly author: Actor;
  readonly labels: readonly string[];
  readonly url: string;
}

/** What set a run off. */
export interface Trigger {
  readonly kind: "label" | "comment";
  readonly by: Actor;
  /** The comment's id, for reactions; null for a label. */
  readonly commentId: string | null;
  /** The label's name, for taking it off at the end; null for a comment. */
  readonly label: string | null;
  /** Epoch milliseconds on the forge's clock; comments after it are not shown to the agent. */
  readonly at: number;
}

/** Where the run's checkout is and what it started from; recorded by `preparing`. */
export interface RunWorkspace {
  readonly dir: string;
  /** The branch the work is pushed to. */
  readonly branch: string;
  /** The branch a pull request is opened against; null when the work goes to an existing pull request. */
  readonly base: string | null;
  readonly baseSha: string;
  /** The pull request the work goes to; null when one is to be opened. */
  readonly pull: number | null;
}

/** A question asked by an earlier attempt and its answer. */
export interface Answer {
  readonly question: string;
  readonly text: string;
  readonly by: Actor;
}

export interface Run {
  readonly id: string;
  readonly repo: RepoRef;
  readonly issue: IssueSnapshot;
  readonly trigger: Trigger;
  readonly request: RunRequest;
  readonly pool: string;
  readonly model: string | null;
  /** Higher goes first; equal ones go by age. */
  readonly priority: number;
  readonly state: RunState;
  /** 0 while never started, then counts the tries. */
  readonly attempt: number;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly queuedAt: number;
  /** Start and end of the agent in the last attempt; null while it has not happened. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** Milliseconds the agent worked in earlier attempts; the last one is from `startedAt` to `endedAt`. */
  readonly agentMs: number;
  readonly workspace: RunWorkspace | null;
  /** The runtime's handle of the running attempt, for adoption after a restart (JSON of that runtime). */
  readonly handle: string | null;
  /** The agent CLI's own session, to resume it. */
  readonly session: string | null;
  readonly outcome: Outcome | null;
  readonly report: RunReport | null;
  readonly answers: readonly Answer[];
  /** The status comment's id on the forge. */
  readonly statusComment: string | null;
  readonly cancelledBy: Actor | null;
}

/** `codex:gpt-5:mini` is agent `codex`, model `gpt-5:mini`. */
export function splitAgent(agent: string): { readonly pool: string; readonly model: string | null } {
  const at = agent.indexOf(":");
  return at < 0
    ? { pool: agent, model: null }
    : { pool: agent.slice(0, at), model: agent.slice(at + 1) || null };
}

export function repoName(repo: Pick<RepoRef, "owner" | "name">): string {
  return `${repo.owner}/${repo.name}`;
}
