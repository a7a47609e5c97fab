/** How the local forge writes its state as JSON, in the API and in webhooks. Times have whole seconds, as Forgejo's. */
import { mayAdminister, mayRead, mayWrite } from "./rights.ts";
import type { Comment, Happening, Issue, Label, Repo, Review, TimeEntry, User } from "./state.ts";
import { fullName } from "./state.ts";

export function iso(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

export function userShape(user: User) {
  return { id: user.id, login: user.login, username: user.login, full_name: "", email: mailOf(user) };
}

export function mailOf(user: User): string {
  return `${user.login}@noreply.localhost`;
}

/** `asSeenBy` decides `permissions`; on label events Forgejo gives the poster's, so they prove nothing. */
export function repoShape(base: string, repo: Repo, asSeenBy: User) {
  const url = `${base}/${fullName(repo)}`;
  return {
    id: repo.id,
    owner: userShape(repo.owner),
    name: repo.name,
    full_name: fullName(repo),
    private: repo.private,
    fork: repo.parent !== null,
    default_branch: repo.defaultBranch,
    html_url: url,
    clone_url: `${url}.git`,
    permissions: {
      admin: mayAdminister(repo, asSeenBy),
      push: mayWrite(repo, asSeenBy),
      pull: mayRead(repo, asSeenBy),
    },
    internal_tracker: {
      enable_time_tracker: repo.timeTracking,
      allow_only_contributors_to_track_time: true,
      enable_issue_dependencies: true,
    },
  };
}

export function labelShape(label: Label) {
  return { id: label.id, name: label.name, color: label.color, description: "", exclusive: false };
}

function pageOf(base: string, issue: Issue): string {
  return `${base}/${fullName(issue.repo)}/${issue.pull ? "pulls" : "issues"}/${issue.number}`;
}

export function issueShape(base: string, issue: Issue) {
  return {
    id: issue.id,
    number: issue.number,
    title: issue.title,
    body: issue.body,
    user: userShape(issue.by),
    state: issue.state,
    labels: issue.labels.map(labelShape),
    assignees: null,
    html_url: pageOf(base, issue),
    url: `${base}/api/v1/repos/${fullName(issue.repo)}/issues/${issue.number}`,
    comments: issue.comments.length,
    created_at: iso(issue.createdAt),
    updated_at: iso(issue.updatedAt),
    closed_at: issue.closedAt === null ? null : iso(issue.closedAt),
    pull_request: issue.pull
      ? { merged: false, merged_at: null, draft: isDraft(issue), html_url: pageOf(base, issue) }
      : null,
  };
}

export function isDraft(issue: Issue): boolean {
  return /^(wip:|\[wip\])/i.test(issue.title);
}

/** As an issue, with the two branches; null when it is no pull request. */
export function pullShape(base: string, issue: Issue, asSeenBy: User) {
  if (issue.pull === null) return null;
  const { head, headRepo, headSha } = issue.pull;
  return {
    ...issueShape(base, issue),
    url: pageOf(base, issue),
    pull_request: undefined,
    draft: isDraft(issue),
    merged: false,
    head: {
      label: head,
      ref: head,
      sha: headSha,
      repo_id: headRepo.id,
      repo: repoShape(base, headRepo, asSeenBy),
    },
    base: {
      label: issue.pull.base,
      ref: issue.pull.base,
      repo_id: issue.repo.id,
      repo: repoShape(base, issue.repo, asSeenBy),
    },
  };
}

export function commentShape(base: string, issue: Issue, comment: Comment) {
  const page = pageOf(base, issue);
  return {
    id: comment.id,
    user: userShape(comment.by),
    body: comment.body,
    html_url: `${page}#issuecomment-${comment.id}`,
    issue_url: issue.pull ? "" : page,
    pull_request_url: issue.pull ? page : "",
    created_at: iso(comment.createdAt),
    updated_at: iso(comment.updatedAt),
  };
}

/** Of a label's adding the body is "1", of its removal nothing. */
export function happeningShape(base: string, issue: Issue, { id, type, by, at, label, added }: Happening) {
  return {
    id,
    type,
    html_url: pageOf(base, issue),
    user: userShape(by),
    body: type === "label" && added ? "1" : "",
    label: label && labelShape(label),
    created_at: iso(at),
    updated_at: iso(at),
  };
}

export function timeShape(base: string, issue: Issue, entry: TimeEntry) {
  return {
    id: entry.id,
    created: iso(entry.at),
    time: entry.seconds,
    user_id: entry.by.id,
    user_name: entry.by.login,
    issue_id: issue.id,
    issue: issueShape(base, issue),
  };
}

export function reviewShape(review: Review) {
  return {
    id: review.id,
    user: userShape(review.by),
    body: review.body,
    state: review.state,
    submitted_at: iso(review.at),
  };
}
