/**
 * Forgejo's webhooks in our words. Pure. Comments, labels and ends of issues and pull requests concern us; reviews do
 * not, since their event has no id to answer to, and "opened" does not, since its labels follow in an event of their own.
 * What a look back found has the same shape (`replay.ts`), but for a label, of which it knows which was added and when.
 */
import { z } from "zod";
import type { CommentCreated, Delivery, Event, IssueClosed, LabelsChanged } from "../../model/event.ts";
import { type IssueSnapshot, type RepoRef, repoName } from "../../model/run.ts";
import { isBot } from "./bot.ts";
import {
  commentPayload,
  issuePayload,
  type PayloadRepository,
  type PayloadUser,
  type Subject,
} from "./payload.ts";

const COMMENT_EVENTS = ["issue_comment", "pull_request_comment"];
const ISSUE_EVENTS = ["issues", "issue_label", "pull_request", "pull_request_label"];

/** `forge` is the instance's name in the config. Throws on a payload of a wrong shape. */
export function parse(delivery: Delivery, forge: string): readonly Event[] {
  if (COMMENT_EVENTS.includes(delivery.event)) return commented(delivery, forge);
  if (ISSUE_EVENTS.includes(delivery.event)) return changed(delivery, forge);
  return [];
}

function commented(delivery: Delivery, forge: string): readonly CommentCreated[] {
  const raw = read(delivery);
  // A submitted review comes under the same name, without a comment.
  if (actionOf(raw, delivery) !== "created") return [];
  const { issue, comment, repository, sender, is_pull } = shaped(commentPayload, raw, delivery);
  const repo = repoOf(repository, forge);
  return [
    {
      kind: "comment",
      repo,
      issue: snapshot(issue, is_pull === true || hasPull(issue)),
      by: actor(sender),
      at: Date.parse(comment.created_at),
      // Without the repository: an id is one in the whole instance, and a renamed repository brings no comment again.
      key: `${forge}#comment:${comment.id}`,
      commentId: String(comment.id),
      body: comment.body,
    },
  ];
}

function changed(delivery: Delivery, forge: string): readonly (LabelsChanged | IssueClosed)[] {
  const raw = read(delivery);
  const action = actionOf(raw, delivery);
  const isLabels = action === "label_updated" || action === "label_cleared";
  if (!isLabels && action !== "closed" && action !== "deleted") return [];
  const payload = shaped(issuePayload, raw, delivery);
  const subject = (payload.pull_request ?? payload.issue) as Subject;
  const repo = repoOf(payload.repository, forge);
  const issue = snapshot(subject, Boolean(payload.pull_request) || hasPull(subject));
  const base = { repo, issue, by: actor(payload.sender) };
  const place = `${forge}:${repoName(repo)}#${subject.number}`;
  if (isLabels) {
    const added = payload.added_label;
    if (added) {
      const at = Date.parse(added.created_at);
      const key = `${place}:label:${added.name}@${added.created_at}`;
      return [{ kind: "labels", ...base, at, key, added: added.name, labels: issue.labels }];
    }
    const key = `${place}:labels:${JSON.stringify([...issue.labels].sort())}@${subject.updated_at}`;
    const at = Date.parse(subject.updated_at);
    return [{ kind: "labels", ...base, at, key, added: null, labels: issue.labels }];
  }
  const when = subject.closed_at ?? subject.updated_at;
  return [{ kind: "closed", ...base, at: Date.parse(when), key: `${place}:${action}@${when}` }];
}

function read(delivery: Delivery): unknown {
  try {
    return JSON.parse(delivery.body);
  } catch (cause) {
    throw new Error(`reading the webhook ${delivery.event} ${delivery.id}: it is not JSON`, { cause });
  }
}

function actionOf(raw: unknown, delivery: Delivery): string {
  return shaped(z.object({ action: z.string().default("") }), raw, delivery).action;
}

function shaped<T>(schema: z.ZodType<T>, raw: unknown, delivery: Delivery): T {
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  throw new Error(`reading the webhook ${delivery.event} ${delivery.id}: ${z.prettifyError(result.error)}`);
}

function hasPull(issue: Subject): boolean {
  return issue.pull_request !== null && issue.pull_request !== undefined;
}

function repoOf({ owner, name }: PayloadRepository, forge: string): RepoRef {
  return { forge, owner: owner.login, name };
}

function actor({ id, login }: PayloadUser) {
  return { id, login, bot: isBot({ id, login }) };
}

function snapshot(subject: Subject, isPull: boolean): IssueSnapshot {
  return {
    number: subject.number,
    isPull,
    title: subject.title,
    body: subject.body ?? "",
    author: { id: subject.user.id, login: subject.user.login },
    labels: (subject.labels ?? []).map((label) => label.name),
    url: subject.html_url,
  };
}
