/**
 * What the API tells, written as the webhook that would have told it, so that `parse` reads both and finds the same key
 * in both. Pure. Ids are made from what happened: looking twice gives the same delivery. One addition to the webhook's
 * shape: `added_label`, since the timeline knows what a label's webhook leaves to guess.
 */
import type { Comment, Issue, TimelineComment, User } from "@llamaduck/forgejo-ts";
import type { Delivery } from "../../model/event.ts";
import { type RepoRef, repoName } from "../../model/run.ts";

/** A delivery and when what it tells happened. */
export interface Replayed {
  readonly delivery: Delivery;
  /** Epoch milliseconds on the forge's clock. */
  readonly at: number;
}

export interface Place {
  readonly repo: RepoRef;
  /** When the look happened, epoch milliseconds on our clock. */
  readonly now: number;
}

/** Whose account is gone, or who is not told: nobody has this id, and nobody may do anything by it. */
export const NOBODY = { id: -1, login: "ghost" } as const satisfies User;

export function commentReplayed(place: Place, issue: Issue, comment: Comment): Replayed {
  const isPull = isPullRequest(issue);
  const at = comment.created_at ?? "";
  const payload = { action: "created", issue: withAuthor(issue), comment, is_pull: isPull };
  const event = isPull ? "pull_request_comment" : "issue_comment";
  return replayed(place, `comment:${comment.id}`, event, at, comment.user, payload);
}

/** `entry` is the timeline's word on the label's adding. */
export function labelReplayed(place: Place, issue: Issue, entry: TimelineComment): Replayed {
  const at = entry.created_at ?? "";
  const name = entry.label?.name ?? "";
  const payload = {
    action: "label_updated",
    issue: withAuthor(issue),
    added_label: { name, created_at: at },
  };
  const event = isPullRequest(issue) ? "pull_request_label" : "issue_label";
  return replayed(place, `label:${named(place, issue)}:${name}@${at}`, event, at, entry.user, payload);
}

/** `by` is undefined where no timeline tells who it was. */
export function closedReplayed(place: Place, issue: Issue, by: User | undefined): Replayed {
  const at = issue.closed_at ?? "";
  const payload = { action: "closed", issue: withAuthor(issue) };
  const event = isPullRequest(issue) ? "pull_request" : "issues";
  return replayed(place, `closed:${named(place, issue)}@${at}`, event, at, by, payload);
}

function replayed(
  { repo, now }: Place,
  what: string,
  event: string,
  at: string,
  by: User | null | undefined,
  payload: object,
): Replayed {
  const repository = { name: repo.name, owner: { login: repo.owner } };
  const body = JSON.stringify({ ...payload, repository, sender: by ?? NOBODY });
  return {
    at: Date.parse(at),
    delivery: { id: `scan:${what}`, forge: repo.forge, event, body, receivedAt: now },
  };
}

function withAuthor(issue: Issue): Issue {
  return { ...issue, user: issue.user ?? NOBODY };
}

export function isPullRequest(issue: Issue): boolean {
  return issue.pull_request !== null && issue.pull_request !== undefined;
}

function named({ repo }: Place, issue: Issue): string {
  return `${repoName(repo)}#${issue.number}`;
}
