/**
 * A forge instance. Adapters: `github/` and `forgejo/` (also Gitea). `verify`, `identify` and `parse` are pure and
 * run in the webhook request or right after; everything else does I/O, may be called concurrently, retries nothing
 * and throws ForgeError (its message names the action and the fix, never a token).
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Reaction } from "../model/effect.ts";
import type { Delivery, Event } from "../model/event.ts";
import type { Actor, RepoRef } from "../model/run.ts";

export interface Repository {
  readonly defaultBranch: string;
  readonly private: boolean;
  /** False when the forge's time tracking is off for it, or the forge has none. */
  readonly timeTracking: boolean;
  readonly url: string;
}

export interface Comment {
  readonly id: string;
  readonly author: Actor;
  readonly body: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly url: string;
}

export interface Review {
  readonly id: string;
  readonly author: Actor;
  readonly body: string;
}

export interface PullRequest {
  readonly number: number;
  readonly url: string;
  readonly title: string;
  readonly open: boolean;
  readonly headBranch: string;
  readonly headSha: string;
  /** The head's repository; null when it was deleted. Another one than the base's means a fork. */
  readonly headRepo: RepoRef | null;
  readonly baseBranch: string;
}

/** For one git command; never written to a file. */
export interface GitCredential {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

/** `unknown`: the forge would not tell us (Forgejo: the bot is no admin of the repository), `why` says so. */
export interface Access {
  readonly level: "write" | "read" | "none" | "unknown";
  readonly bot: boolean;
  readonly why: string;
}

/** How the time of a run was booked. */
export type Booked = "booked" | "shown in the comment";

export interface NewPull {
  readonly head: string;
  readonly base: string;
  readonly title: string;
  readonly body: string;
  readonly draft: boolean;
}

export interface TimeEntry {
  /** Unique per attempt; looked for before booking again. */
  readonly key: string;
  readonly seconds: number;
  readonly startedAt: number;
  readonly endedAt: number;
  /** The pushed commit, where a check run can carry the time (GitHub Apps). */
  readonly sha: string | null;
  readonly ok: boolean;
}

/**
 * Throws when somebody else may be doing the same by now: the process may have been stopped for a while. Called right
 * before the first byte of the request that does something is sent (`while-ours.ts`), after all others that it needs.
 * What it throws comes back as it is.
 */
export type StillOurs = () => void;

export interface ForgeProbe {
  readonly ready: boolean;
  /** "github.com as App 123", "codeberg.org as dispatch-bot". */
  readonly summary: string;
  readonly fix: string | null;
}

/** What the bot's credentials may not do though it needs to. */
export interface Rights {
  /** As the forge calls them, for whoever grants them. */
  readonly lacking: readonly string[];
  /** Why not all of it could be found out; null when it was. */
  readonly unknown: string | null;
}

/** A look at what happened while nobody listened. */
export interface Lookback {
  /** What the last look gave back; null at the first, which finds nothing and only marks where to begin. */
  readonly cursor: string | null;
  /** What happened before, epoch milliseconds, is not to be found: a command is not served weeks late. */
  readonly notBefore: number;
  /** Repositories known to the bot; the forge may add those it finds itself. */
  readonly repositories: readonly RepoRef[];
  /** Which of these delivery ids have arrived. */
  readonly known: (ids: readonly string[]) => Promise<ReadonlySet<string>>;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly signal: AbortSignal;
}

export interface Missed {
  /** As webhooks would have brought them, oldest first; `parse` reads them, and the same happening has the same key. */
  readonly deliveries: readonly Delivery[];
  /** To be kept once all of them are on disk. */
  readonly cursor: string;
  /** What could not be looked at, and why, for the log; the next look tries it again. Without it, nothing. */
  readonly trouble?: string | null;
  /** False when the look stopped before its end: the next one, which should come soon, goes on there. */
  readonly through?: boolean;
}

export interface Forge {
  readonly name: string;
  readonly kind: "github" | "forgejo";

  /** Delivery id and event name from the headers; null when this is no webhook of this forge. */
  identify(headers: IncomingHttpHeaders): { readonly id: string; readonly event: string } | null;
  /** Constant-time check of the body's signature. Never throws. */
  verify(headers: IncomingHttpHeaders, body: Buffer): Promise<boolean>;
  /** The events of a delivery, oldest first; [] for what does not concern us. Throws on a payload of a wrong shape. */
  parse(delivery: Delivery): readonly Event[];

  /**
   * Who put a label on an issue, and when: its newest adding from `since` to `until`, epoch milliseconds on the forge's
   * clock, both included. Null when the forge cannot tell. For forges whose webhooks tell labels without it.
   */
  labeledBy?(
    repo: RepoRef,
    issue: number,
    label: string,
    span: { readonly since: number; readonly until: number },
  ): Promise<{ readonly by: Event["by"]; readonly at: number } | null>;

  /** Commands and labels that may not have been delivered. Finding one that has been served before is fine. */
  missed(look: Lookback): Promise<Missed>;

  probe(): Promise<ForgeProbe>;
  /** Finds it out without changing anything; for `doctor`. */
  rights(): Promise<Rights>;
  /** Who the bot is, to ignore itself. */
  self(): Promise<Actor>;
  /** By numeric id: the login may have changed hands. */
  access(repo: RepoRef, actor: Actor): Promise<Access>;
  isTeamMember(org: string, team: string, actor: Actor): Promise<boolean>;

  repository(repo: RepoRef): Promise<Repository>;
  /** A file of the default branch; null when there is none. At most 1 MiB. */
  file(repo: RepoRef, path: string): Promise<string | null>;
  /** All comments of an issue or pull request, oldest first. */
  comments(repo: RepoRef, issue: number): Promise<readonly Comment[]>;
  pull(repo: RepoRef, number: number): Promise<PullRequest>;

  /** Returns the new comment's id. */
  comment(repo: RepoRef, issue: number, body: string, stillOurs: StillOurs): Promise<string>;
  editComment(repo: RepoRef, commentId: string, body: string, stillOurs: StillOurs): Promise<void>;
  /** On a comment, or on the issue itself when `commentId` is null. Doing it twice is the same as once. */
  react(repo: RepoRef, issue: number, commentId: string | null, reaction: Reaction): Promise<void>;
  /** Gone already is fine. A person may have put it on anew meanwhile. */
  removeLabel(repo: RepoRef, issue: number, label: string, stillOurs: StillOurs): Promise<void>;
  /** A review that neither approves nor rejects. Returns its id. */
  review(repo: RepoRef, pull: number, body: string, stillOurs: StillOurs): Promise<string>;
  /** All reviews that everybody sees, oldest first: none that is still pending. */
  reviews(repo: RepoRef, pull: number): Promise<readonly Review[]>;
  /** Opens a pull request, or returns the open one with this head and base. */
  openPull(
    repo: RepoRef,
    pull: NewPull,
  ): Promise<{ readonly number: number; readonly url: string; readonly opened: boolean }>;

  /** Where to fetch from and push to. The password never appears in the URL. */
  gitCredential(repo: RepoRef): Promise<GitCredential>;

  /** Shows a running clock on the issue where the forge has one, without disturbing one that runs elsewhere. */
  startStopwatch(repo: RepoRef, issue: number, stillOurs: StillOurs): Promise<void>;
  /** Ends the clock without booking it, then books the exact seconds once. */
  bookTime(repo: RepoRef, issue: number, entry: TimeEntry, stillOurs: StillOurs): Promise<Booked>;
}
