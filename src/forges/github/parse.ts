/**
 * GitHub's payloads in our words. Pure. Payloads that do not concern us are not even looked into; one that does and
 * lacks something is refused with the name of what is missing.
 */
import { z } from "zod";
import type { Delivery, Event } from "../../model/event.ts";
import type { Actor, IssueSnapshot, RepoRef } from "../../model/run.ts";

/** Whose account is gone. No real account has the id 0. */
export const GHOST: Actor = { id: 0, login: "ghost" };

const Time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const User = z.object({ id: z.int().positive(), login: z.string().min(1), type: z.string().optional() });
const Label = z.object({ name: z.string() });
const Issue = z.object({
  number: z.int().positive(),
  title: z.string(),
  body: z.string().nullish(),
  user: User.nullable(),
  labels: z.array(Label).nullish(),
  html_url: z.string(),
  updated_at: Time,
  pull_request: z.unknown().optional(),
});
const Common = {
  repository: z.object({ name: z.string().min(1), owner: z.object({ login: z.string().min(1) }) }),
  sender: User,
};
const Comment = z.object({ id: z.int().positive(), body: z.string(), created_at: Time });

const IssueCommented = z.object({ ...Common, issue: Issue, comment: Comment });
const IssueLabeled = z.object({ ...Common, issue: Issue, label: Label });
const PullLabeled = z.object({ ...Common, pull_request: Issue, label: Label });
const IssueEnded = z.object({ ...Common, issue: Issue });
const PullEnded = z.object({ ...Common, pull_request: Issue });

type IssueLike = z.output<typeof Issue>;
type CommonPart = { readonly [K in keyof typeof Common]: z.output<(typeof Common)[K]> };

type Reader = (forge: string, name: string, payload: unknown) => Event;

/** By the event's name and the payload's action. */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["issue_comment.created", (forge, name, payload) => commented(forge, read(IssueCommented, name, payload))],
  ["issues.labeled", labeledIssue],
  ["pull_request.labeled", labeledPull],
  ["issues.closed", endedIssue],
  ["issues.deleted", endedIssue],
  ["pull_request.closed", endedPull],
]);

/** Whether `parse` finds anything in deliveries of this event and action. */
export function concerns(event: string, action: string): boolean {
  return READERS.has(`${event}.${action}`);
}

/** The events of a delivery; [] for what does not concern us. Throws an Error that names the missing key. */
export function parse(forge: string, delivery: Delivery): readonly Event[] {
  const payload = parseJson(delivery);
  const name = `${delivery.event}.${typeof payload.action === "string" ? payload.action : ""}`;
  const reader = READERS.get(name);
  return reader ? [reader(forge, name, payload)] : [];
}

function labeledIssue(forge: string, name: string, payload: unknown): Event {
  const { issue, ...rest } = read(IssueLabeled, name, payload);
  return labeled(forge, issue, Boolean(issue.pull_request), rest);
}

function labeledPull(forge: string, name: string, payload: unknown): Event {
  const { pull_request, ...rest } = read(PullLabeled, name, payload);
  return labeled(forge, pull_request, true, rest);
}

function endedIssue(forge: string, name: string, payload: unknown): Event {
  const { issue, ...rest } = read(IssueEnded, name, payload);
  return closed(forge, issue, Boolean(issue.pull_request), rest);
}

function endedPull(forge: string, name: string, payload: unknown): Event {
  const { pull_request, ...rest } = read(PullEnded, name, payload);
  return closed(forge, pull_request, true, rest);
}

function commented(forge: string, payload: z.output<typeof IssueCommented>): Event {
  const { issue, comment } = payload;
  const base = common(forge, issue, Boolean(issue.pull_request), payload);
  const commentId = String(comment.id);
  // The instance gives each comment an id of its own; the repository's name may change before it is told of again.
  const key = `${forge}#comment:${commentId}`;
  return { ...base, kind: "comment", commentId, body: comment.body, at: comment.created_at, key };
}

function labeled(
  forge: string,
  issue: IssueLike,
  isPull: boolean,
  payload: CommonPart & { readonly label: z.output<typeof Label> },
): Event {
  const base = common(forge, issue, isPull, payload);
  const added = payload.label.name;
  const key = `${repoKey(base.repo)}#${issue.number}:label:${added}:${issue.updated_at}`;
  return { ...base, kind: "labels", added, labels: base.issue.labels, key };
}

function closed(forge: string, issue: IssueLike, isPull: boolean, payload: CommonPart): Event {
  const base = common(forge, issue, isPull, payload);
  return { ...base, kind: "closed", key: `${repoKey(base.repo)}#${issue.number}:closed:${issue.updated_at}` };
}

function common(forge: string, issue: IssueLike, isPull: boolean, payload: CommonPart) {
  const { repository, sender } = payload;
  const repo: RepoRef = { forge, owner: repository.owner.login, name: repository.name };
  const by = { ...actorOf(sender), bot: sender.type === "Bot" };
  return { repo, issue: snapshotOf(issue, isPull), by, at: issue.updated_at };
}

function snapshotOf(issue: IssueLike, isPull: boolean): IssueSnapshot {
  return {
    number: issue.number,
    isPull,
    title: issue.title,
    body: issue.body ?? "",
    author: issue.user ? actorOf(issue.user) : GHOST,
    labels: (issue.labels ?? []).map((label) => label.name),
    url: issue.html_url,
  };
}

function actorOf(user: z.output<typeof User>): Actor {
  return { id: user.id, login: user.login };
}

function repoKey(repo: RepoRef): string {
  return `${repo.forge}:${repo.owner}/${repo.name}`.toLowerCase();
}

function parseJson(delivery: Delivery): Readonly<Record<string, unknown>> {
  let payload: unknown;
  try {
    payload = JSON.parse(delivery.body);
  } catch {
    throw new Error(`reading a ${delivery.event} webhook of GitHub's: its body is not JSON`);
  }
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) {
    throw new Error(`reading a ${delivery.event} webhook of GitHub's: its body is not a JSON object`);
  }
  return { ...payload };
}

function read<T extends z.ZodType>(shape: T, name: string, payload: unknown): z.output<T> {
  const result = shape.safeParse(payload);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new Error(`reading a ${name} webhook of GitHub's: ${problems.join("; ")}`);
}
