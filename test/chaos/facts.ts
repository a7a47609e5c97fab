/** What the books are made from: what people did, what the forge shows, what the store holds, what the machine runs. */
import type { RunState } from "../../src/model/run.ts";
import type { AgentFacts } from "./journal.ts";

export type CommandKind =
  | "dispatch"
  | "label"
  | "cancel"
  | "retry"
  | "answer"
  /** Status and help: answered, nothing else. */
  | "query"
  /** No command at all, but meant as one. */
  | "nonsense";

/** One command that a person gave. */
export interface Command {
  readonly kind: CommandKind;
  /** `owner/name#1` */
  readonly issue: string;
  /** The comment's id, or the label's name. */
  readonly ref: string;
  /** False for somebody who may only read: every command of theirs is denied. */
  readonly mayWrite: boolean;
  /** Epoch milliseconds. */
  readonly at: number;
  /**
   * Of a comment that was deleted since: the bot's reactions that were on it by then. Without any it may have been
   * read or not.
   */
  readonly deleted?: readonly string[];
  /** Of a label that a person took off, perhaps unread, or had taken off before while its own run was at work. */
  readonly fleeting?: true;
}

/** An issue as the forge shows it: only what the bot did there. */
export interface IssueFacts {
  readonly issue: string;
  readonly comments: readonly { readonly id: string; readonly body: string; readonly at: number }[];
  /** Comment → the bot's reactions on it. */
  readonly reactions: ReadonlyMap<string, readonly string[]>;
  readonly labels: readonly string[];
  /** Booked by the bot; `at` in epoch milliseconds, whole seconds. */
  readonly times: readonly { readonly seconds: number; readonly at: number }[];
}

export interface BranchFacts {
  readonly repo: string;
  readonly branch: string;
  /** Open pull requests from it. */
  readonly pulls: number;
  /** First lines of the commits on it that are not on the default branch. */
  readonly commits: readonly string[];
}

export interface RunEventFacts {
  readonly from: RunState | null;
  readonly to: RunState;
  readonly attempt: number;
  readonly at: number;
  readonly detail: string | null;
}

/** Epoch milliseconds. */
export interface Clock {
  readonly attempt: number;
  readonly startedAt: number;
  readonly endedAt: number;
}

export interface RunFacts {
  readonly id: string;
  readonly issue: string;
  readonly state: RunState;
  readonly attempt: number;
  /** What set it off: a comment's id or a label's name. */
  readonly trigger: string;
  /** It ends only when somebody cancels it. */
  readonly isLong: boolean;
  /** A cancel of it is recorded. */
  readonly cancelled: boolean;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** Of the attempts before the last, in milliseconds. */
  readonly agentMs: number;
  /** The branch it says it published; null when it published nothing. */
  readonly branch: string | null;
  readonly events: readonly RunEventFacts[];
  /** What was to be booked, one for each attempt that ran; epoch milliseconds. */
  readonly clocks: readonly Clock[];
}

export interface StoreFacts {
  readonly runs: readonly RunFacts[];
  readonly openDeliveries: number;
  readonly waitingEffects: number;
  /** Effects that were given up, each in a line. */
  readonly givenUp: readonly string[];
  /** Deliveries that were set aside, each in a line. */
  readonly setAside: readonly string[];
}

export interface Facts {
  readonly commands: readonly Command[];
  readonly issues: readonly IssueFacts[];
  readonly branches: readonly BranchFacts[];
  readonly store: StoreFacts;
  /** Every start of an agent, as the agents themselves tell it. */
  readonly agents: readonly AgentFacts[];
  /** Agents that worked at once on one errand, each in a line. */
  readonly overlaps: readonly string[];
  /** Whatever was left over on the machine and the forge, each in a line. */
  readonly leftovers: readonly string[];
}

/** The five figures that must be 0. */
export type Count = "lost" | "doubled" | "unanswered" | "seconds_off" | "orphans";

export interface Finding {
  readonly count: Count;
  readonly by: number;
  /** One line: which issue, command, run, and what is wrong. */
  readonly evidence: string;
}
