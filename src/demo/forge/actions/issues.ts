/** What can be done to an issue (or a pull request, as an issue), each with the webhook Forgejo sends for it. */
import { announce, type Instance } from "../instance.ts";
import { commentShape, issueShape, pullShape } from "../shapes.ts";
import {
  type Comment,
  type Happening,
  type Issue,
  labelNamed,
  type PullPart,
  type Reaction,
  type Repo,
  type User,
} from "../state.ts";

export interface NewIssue {
  readonly title: string;
  readonly body: string;
  readonly labels: readonly string[];
}

/** The state only: what is announced depends on what it is (`openIssue`, `openPull`). */
export function addIssue(
  instance: Instance,
  repo: Repo,
  by: User,
  text: NewIssue,
  pull: PullPart | null,
): Issue {
  const at = instance.now();
  const issue: Issue = {
    id: instance.state.nextId(),
    number: repo.issues.length + 1,
    repo,
    by,
    title: text.title,
    body: text.body,
    state: "open",
    labels: text.labels.map((name) => labelNamed(instance.state, repo, name)),
    createdAt: at,
    updatedAt: at,
    closedAt: null,
    comments: [],
    reactions: [],
    times: [],
    history: [],
    pull,
  };
  repo.issues.push(issue);
  for (const label of issue.labels) note(instance, issue, by, { type: "label", label, added: true });
  return issue;
}

export function openIssue(instance: Instance, repo: Repo, by: User, text: NewIssue): Issue {
  const issue = addIssue(instance, repo, by, text, null);
  tellIssue(instance, issue, by, "opened");
  if (issue.labels.length > 0) tellLabels(instance, issue, by);
  return issue;
}

export function editIssue(
  instance: Instance,
  issue: Issue,
  by: User,
  change: { title?: string; body?: string },
): void {
  const changes = {
    ...(change.title === undefined ? {} : { title: { from: issue.title } }),
    ...(change.body === undefined ? {} : { body: { from: issue.body } }),
  };
  issue.title = change.title ?? issue.title;
  issue.body = change.body ?? issue.body;
  issue.updatedAt = instance.now();
  tellIssue(instance, issue, by, "edited", { changes });
}

export function setOpen(instance: Instance, issue: Issue, by: User, open: boolean): void {
  if ((issue.state === "open") === open) return;
  issue.state = open ? "open" : "closed";
  issue.updatedAt = instance.now();
  issue.closedAt = open ? null : issue.updatedAt;
  note(instance, issue, by, { type: open ? "reopen" : "close", label: null, added: false });
  tellIssue(instance, issue, by, open ? "reopened" : "closed");
}

/** `how` replaces the whole set, as Forgejo's one label event tells it. Nothing is told when nothing changes. */
export function setLabels(instance: Instance, issue: Issue, by: User, labels: Issue["labels"]): void {
  const before = new Set(issue.labels);
  if (labels.length === before.size && labels.every((label) => before.has(label))) return;
  const gone = issue.labels.filter((label) => !labels.includes(label));
  issue.labels = [...labels];
  issue.updatedAt = instance.now();
  for (const label of labels) {
    if (!before.has(label)) note(instance, issue, by, { type: "label", label, added: true });
  }
  for (const label of gone) note(instance, issue, by, { type: "label", label, added: false });
  tellLabels(instance, issue, by);
}

/** For the timeline, at the time of the issue's last change. */
function note(
  instance: Instance,
  issue: Issue,
  by: User,
  what: Pick<Happening, "type" | "label" | "added">,
): void {
  issue.history.push({ id: instance.state.nextId(), by, at: issue.updatedAt, ...what });
}

export function addComment(instance: Instance, issue: Issue, by: User, body: string): Comment {
  const at = instance.now();
  const comment: Comment = {
    id: instance.state.nextId(),
    by,
    body,
    createdAt: at,
    updatedAt: at,
    edits: 0,
    reactions: [],
  };
  issue.comments.push(comment);
  issue.updatedAt = at;
  tellComment(instance, issue, comment, by, "created");
  return comment;
}

export function editComment(
  instance: Instance,
  issue: Issue,
  comment: Comment,
  by: User,
  body: string,
): void {
  const changes = { body: { from: comment.body } };
  comment.body = body;
  comment.updatedAt = instance.now();
  comment.edits += 1;
  tellComment(instance, issue, comment, by, "edited", { changes });
}

/** False when the reaction was there. Forgejo sends no webhook for it. */
export function addReaction(instance: Instance, reactions: Reaction[], by: User, content: string): boolean {
  if (reactions.some((one) => one.by === by && one.content === content)) return false;
  reactions.push({ by, content, at: instance.now() });
  return true;
}

export function tellIssue(
  instance: Instance,
  issue: Issue,
  by: User,
  action: string,
  more: object = {},
): void {
  const event = issue.pull ? "pull_request" : "issues";
  announce(instance, issue.repo, {
    event,
    type: event,
    by,
    payload: payloadOf(instance, issue, by, action, more),
  });
}

/** No `label` field: the receiver must compare the set with the one it knew. */
function tellLabels(instance: Instance, issue: Issue, by: User): void {
  const event = issue.pull ? "pull_request" : "issues";
  const type = issue.pull ? "pull_request_label" : "issue_label";
  const action = issue.labels.length === 0 ? "label_cleared" : "label_updated";
  const payload = payloadOf(instance, issue, by, action, {});
  announce(instance, issue.repo, { event, type, by, seenBy: issue.by, payload });
}

function payloadOf(instance: Instance, issue: Issue, by: User, action: string, more: object): object {
  const { url } = instance;
  const subject = issue.pull
    ? { pull_request: pullShape(url, issue, by), requested_reviewer: null, review: null }
    : { issue: issueShape(url, issue) };
  return { action, number: issue.number, ...subject, commit_id: "", ...more };
}

function tellComment(
  instance: Instance,
  issue: Issue,
  comment: Comment,
  by: User,
  action: string,
  more: object = {},
): void {
  const { url } = instance;
  const payload = {
    action,
    issue: issueShape(url, issue),
    ...(issue.pull ? { pull_request: pullShape(url, issue, by) } : {}),
    comment: commentShape(url, issue, comment),
    is_pull: issue.pull !== null,
    ...more,
  };
  const type = issue.pull ? "pull_request_comment" : "issue_comment";
  announce(instance, issue.repo, { event: "issue_comment", type, by, payload });
}
