/** What a scan finds, in the shape its webhook would have had, so that it is read by the same words and has the same key. */
import { z } from "zod";
import type { Delivery } from "../../model/event.ts";
import { type RepoRef, repoName } from "../../model/run.ts";

export const User = z.looseObject({ id: z.int().positive(), login: z.string() });
export type User = z.output<typeof User>;

/** An issue or pull request as a list of issues gives it. What is not named here is passed on as it is. */
export const Issue = z.looseObject({
  number: z.int().positive(),
  state: z.string(),
  updated_at: z.string(),
  closed_at: z.string().nullish(),
  closed_by: User.nullish(),
  labels: z.array(z.looseObject({ name: z.string() })),
  pull_request: z.unknown().optional(),
  repository_url: z.string(),
});
export type Issue = z.output<typeof Issue>;

/** A delivery, less what only the look knows. */
export interface Found extends Omit<Delivery, "receivedAt"> {
  /** Epoch milliseconds on GitHub's clock. */
  readonly at: number;
}

/** GitHub's own stand-in for people whose account is gone. */
const GHOST_USER = { id: 10137, login: "ghost", type: "User" };

export function commented(
  repo: RepoRef,
  issue: Issue,
  comment: { readonly id: number; readonly created_at: string },
  by: User,
): Found {
  const payload = { action: "created", issue, comment };
  return found(repo, `comment:${comment.id}`, "issue_comment", comment.created_at, payload, by);
}

/** The webhook carried the issue as it was changed by the label, so it is given the label's time. */
export function labeled(
  repo: RepoRef,
  issue: Issue,
  label: { readonly name: string },
  event: { readonly id: number; readonly created_at: string },
  by: User,
): Found {
  const changed = { ...issue, updated_at: event.created_at };
  const payload = { action: "labeled", label, ...aboutOf(changed) };
  return found(repo, `label:${event.id}`, eventOf(issue), event.created_at, payload, by);
}

export function closed(repo: RepoRef, issue: Issue, closedAt: string): Found {
  const payload = { action: "closed", ...aboutOf({ ...issue, updated_at: closedAt }) };
  const id = `closed:${repoName(repo)}:${issue.number}:${closedAt}`.toLowerCase();
  return found(repo, id, eventOf(issue), closedAt, payload, issue.closed_by ?? GHOST_USER);
}

function found(repo: RepoRef, id: string, event: string, at: string, payload: object, by: User): Found {
  const repository = { name: repo.name, owner: { login: repo.owner } };
  const body = JSON.stringify({ ...payload, repository, sender: by });
  return { id: `scan:${id}`, forge: repo.forge, event, body, at: Date.parse(at) };
}

function eventOf(issue: Issue): string {
  return issue.pull_request ? "pull_request" : "issues";
}

function aboutOf(issue: Issue): object {
  return issue.pull_request ? { pull_request: issue } : { issue };
}
