/**
 * A forge as the people around the bot see it: with this interface a journey drives either forge without knowing
 * which. Everything a person does makes the forge send its real webhooks; everything the bot did can be looked at.
 * Repositories are named `owner/name`, people by login. Adapters: local-forge-world.ts (Forgejo) and GitHub's own.
 */
import type { ForgeConfig } from "../../src/config/config.ts";

export type Level = "read" | "write" | "admin";

export interface WorldUser {
  readonly id: number;
  readonly login: string;
  /** Good for git over HTTP as password, and for the API. */
  readonly token: string;
}

export interface NewRepo {
  readonly owner: string;
  readonly name: string;
  /** Path → text of the first commit on `main`. */
  readonly files: Readonly<Record<string, string>>;
}

export interface NewIssue {
  readonly by: string;
  readonly title: string;
  readonly body: string;
  readonly labels?: readonly string[];
}

export interface NewCommit {
  readonly by: string;
  /** Made from `main` when it does not exist. */
  readonly branch: string;
  readonly files: Readonly<Record<string, string>>;
  readonly message: string;
}

export interface WorldPullRequest {
  readonly by: string;
  /** A branch, or `login:branch` for one of a fork. */
  readonly head: string;
  readonly base: string;
  readonly title: string;
}

export interface WorldComment {
  readonly id: string;
  readonly by: string;
  readonly body: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** How often it was edited. */
  readonly edits: number;
}

export interface WorldReaction {
  readonly by: string;
  readonly content: string;
}

export interface WorldPull {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly head: string;
  readonly base: string;
  readonly draft: boolean;
  readonly headSha: string;
}

export interface WorldReview {
  readonly by: string;
  readonly body: string;
  /** The forge's word: COMMENT or COMMENTED, APPROVED, PENDING, ... in upper case. */
  readonly state: string;
}

export interface WorldTime {
  readonly seconds: number;
  readonly by: string;
}

/** A webhook the forge sent, or tried to. */
export interface WorldDelivery {
  readonly id: string;
  readonly event: string;
  readonly action: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The receiver's HTTP status; null while under way, 0 when it could not be reached or did not answer in time. */
  readonly status: number | null;
}

export interface FailOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** How many requests fail before it works again; without it, until released. */
  readonly times?: number;
}

export interface ForgeWorld {
  readonly kind: "github" | "forgejo";
  /** Without a trailing slash. */
  readonly url: string;
  /** Our bot's account; it exists from the start and may write (Forgejo: administer) every new repository. */
  readonly bot: WorldUser;

  createUser(login: string, options?: { bot?: boolean }): Promise<WorldUser>;
  grant(repo: string, user: string, level: Level): Promise<void>;
  /** The owner is made when there is none of this name, and may write. Returns `owner/name`. */
  createRepo(repo: NewRepo): Promise<string>;
  /** Returns the fork's `owner/name`. */
  fork(repo: string, by: string): Promise<string>;
  /** Commits and pushes as a person; returns the new commit's id. */
  commit(repo: string, commit: NewCommit): Promise<string>;

  openIssue(repo: string, issue: NewIssue): Promise<number>;
  editIssue(
    repo: string,
    issue: number,
    by: string,
    change: { title?: string; body?: string },
  ): Promise<void>;
  closeIssue(repo: string, issue: number, by: string): Promise<void>;
  comment(repo: string, issue: number, by: string, body: string): Promise<string>;
  editComment(repo: string, commentId: string, by: string, body: string): Promise<void>;
  /** Makes the label in the repository when there is none of this name. */
  addLabel(repo: string, issue: number, by: string, label: string): Promise<void>;
  removeLabel(repo: string, issue: number, by: string, label: string): Promise<void>;
  openPull(repo: string, pull: WorldPullRequest): Promise<number>;

  /** Oldest first. */
  comments(repo: string, issue: number): Promise<readonly WorldComment[]>;
  labels(repo: string, issue: number): Promise<readonly string[]>;
  /** On a comment, or on the issue when `commentId` is null. */
  reactions(repo: string, commentId: string | null, issue: number): Promise<readonly WorldReaction[]>;
  /** Open ones. */
  pulls(repo: string): Promise<readonly WorldPull[]>;
  reviews(repo: string, pull: number): Promise<readonly WorldReview[]>;
  branches(repo: string): Promise<readonly string[]>;
  /** A file's text at a branch or commit; null when there is none. */
  fileAt(repo: string, ref: string, path: string): Promise<string | null>;
  bookedTime(repo: string, issue: number): Promise<readonly WorldTime[]>;
  /** Issues (`owner/name#1`) on which this user's clock runs. */
  runningStopwatches(login: string): Promise<readonly string[]>;

  /** Where webhooks of every repository go, from now on. */
  setHook(url: string, secret: string): void;
  /** Oldest first. */
  deliveries(): readonly WorldDelivery[];
  /** The same happening again by the forge's own rule: GitHub the same id, Forgejo a new one. Returns the id. */
  redeliver(id: string): Promise<string>;
  /** Webhooks about this repository are lost on their way, as if the network had failed. Returns its end. */
  dropWebhooks(repo: string): () => void;

  /** Answers API requests of this method and path (without the API's prefix) with this status. Returns its end. */
  fail(method: string, path: RegExp, status: number, options?: FailOptions): () => void;
  /** Leaves API requests of this path without an answer. Returns its end, which drops them. */
  hang(path: RegExp): () => void;
  /** Requests that broke the forge's own API description; [] where that is not checked. */
  violations(): readonly string[];

  /** Resolves when the condition holds; rejects after `timeoutMs` (10 s) naming `what`. */
  waitFor(condition: () => boolean | Promise<boolean>, what?: string, timeoutMs?: number): Promise<void>;
  /** For our bot on this forge, with the secret last set. */
  forgeConfig(): ForgeConfig;
  close(): Promise<void>;
}
