/** How a run ended, in one value; the final answer is written from it. */

/** What the operating system or the engine said of the agent's end. */
export interface Exit {
  /** The true exit code; null when a signal ended it or it could not be learnt. */
  readonly code: number | null;
  readonly signal: string | null;
  /** True when memory ran out. */
  readonly outOfMemory: boolean;
  /** It was ended because its worker gave no sign of life any more: that says nothing of the agent. */
  readonly abandoned?: true;
  /** Epoch milliseconds, by the clock of whoever saw it; null or absent when nobody did. Not kept in reports. */
  readonly endedAt?: number | null;
}

/** Tokens and money as the agent's CLI told them. */
export interface Usage {
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  /** US dollars; null when the CLI gives none. */
  readonly costUsd: number | null;
}

/** What was published. Lines and files are of the whole diff against the base. */
export interface PublishedWork {
  readonly branch: string;
  readonly sha: string;
  readonly files: number;
  readonly added: number;
  readonly removed: number;
  /** What the reader should know of how it was collected (history was rewritten, ...); null most often. */
  readonly note: string | null;
  readonly pull: { readonly number: number; readonly url: string; readonly opened: boolean } | null;
}

export type FailureReason =
  /** The agent ended without its success event, or with another exit code than 0. */
  | "agent"
  /** Bad key or login at the model's provider. */
  | "auth"
  /** Rate or plan limit of the provider. */
  | "limit"
  | "out_of_memory"
  /** The repository, branch or workspace could not be made ready. */
  | "prepare"
  /** The agent or runtime could not be started. */
  | "start"
  /** The work could not be pushed or the pull request not opened. */
  | "publish"
  /** The bot lost sight of the agent (crash of the host or of the engine). */
  | "lost";

export type Outcome =
  | { readonly kind: "completed"; readonly work: PublishedWork | null; readonly review: string | null }
  | {
      readonly kind: "failed";
      readonly reason: FailureReason;
      readonly why: string;
      readonly fix: string | null;
    }
  | { readonly kind: "blocked"; readonly question: string }
  | { readonly kind: "cancelled"; readonly by: string }
  | { readonly kind: "timed_out"; readonly limit: "total" | "idle"; readonly ms: number };

/** Where a run wanted to go and was not let. */
export interface BlockedHost {
  /** With its port; null for all others together. */
  readonly host: string | null;
  readonly count: number;
}

/** The facts that go with any outcome into the final answer; recorded with it, so that a crash loses none. */
export interface RunReport {
  readonly exit: Exit | null;
  /** The agent's last words. */
  readonly lastMessage: string | null;
  /** The last lines of the redacted log. */
  readonly logTail: readonly string[];
  readonly usage: Usage | null;
  /** Absent when the run's network was not watched. */
  readonly blocked?: readonly BlockedHost[];
}
