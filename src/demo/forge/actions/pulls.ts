/** Pull requests and pushes, each with the webhooks Forgejo sends. */
import { branchesOf, fetchPullHead, shaOf } from "../git.ts";
import { announce, dirOf, type Instance } from "../instance.ts";
import { pullShape } from "../shapes.ts";
import type { Issue, Repo, Review, User } from "../state.ts";
import { addIssue, type NewIssue, tellIssue } from "./issues.ts";

export interface NewPull extends NewIssue {
  readonly head: string;
  readonly headRepo: Repo;
  readonly base: string;
}

const NONE = "0".repeat(40);

/** The open pull request of these branches, or null. */
export function openPullOf(repo: Repo, base: string, headRepo: Repo, head: string): Issue | null {
  const found = repo.issues.find(
    ({ state, pull }) =>
      state === "open" && pull?.base === base && pull.head === head && pull.headRepo === headRepo,
  );
  return found ?? null;
}

/** Null when the head branch does not exist. */
export async function openPull(
  instance: Instance,
  repo: Repo,
  by: User,
  pull: NewPull,
): Promise<Issue | null> {
  const { head, headRepo, base } = pull;
  const headSha = await shaOf(dirOf(instance, headRepo), head);
  if (headSha === null) return null;
  const issue = addIssue(instance, repo, by, pull, { head, headRepo, base, headSha, reviews: [] });
  await fetchPullHead(dirOf(instance, repo), dirOf(instance, headRepo), head, issue.number);
  tellIssue(instance, issue, by, "opened");
  return issue;
}

/** Reads the head's commit anew, since a push may have ended just now. */
export async function refreshHead(instance: Instance, issue: Issue): Promise<boolean> {
  if (issue.pull === null) return false;
  const { head, headRepo } = issue.pull;
  const sha = await shaOf(dirOf(instance, headRepo), head);
  if (sha === null || sha === issue.pull.headSha) return false;
  issue.pull.headSha = sha;
  await fetchPullHead(dirOf(instance, issue.repo), dirOf(instance, headRepo), head, issue.number);
  return true;
}

/** An event without an id of the review, as on Forgejo. */
export function addReview(
  instance: Instance,
  issue: Issue,
  by: User,
  review: { body: string; state: string },
): Review {
  const added: Review = { id: instance.state.nextId(), by, ...review, at: instance.now() };
  issue.pull?.reviews.push(added);
  const [event, word] = REVIEW_EVENTS[review.state] ?? ["pull_request_comment", "comment"];
  const type = `pull_request_review_${word}`;
  const payload = {
    action: "reviewed",
    number: issue.number,
    pull_request: pullShape(instance.url, issue, by),
    review: { type, content: review.body },
  };
  if (review.state !== "PENDING") announce(instance, issue.repo, { event, type, by, payload });
  return added;
}

const REVIEW_EVENTS: Readonly<Record<string, readonly [string, string]>> = {
  APPROVED: ["pull_request_approved", "approved"],
  REQUEST_CHANGES: ["pull_request_rejected", "rejected"],
};

/** Compares a repository's branches with those last told, and tells what a push changed. */
export async function tellPush(instance: Instance, repo: Repo, by: User): Promise<void> {
  const after = await branchesOf(dirOf(instance, repo));
  const before = repo.told;
  repo.told = after;
  for (const branch of new Set([...before.keys(), ...after.keys()])) {
    const [from, to] = [before.get(branch) ?? NONE, after.get(branch) ?? NONE];
    if (from === to) continue;
    const payload = { ref: `refs/heads/${branch}`, before: from, after: to, commits: [] };
    announce(instance, repo, { event: "push", type: "push", by, payload });
    await tellPulls(instance, repo, branch, by);
  }
}

async function tellPulls(instance: Instance, headRepo: Repo, branch: string, by: User): Promise<void> {
  const pulls = instance.state.repos.flatMap((repo) => repo.issues);
  for (const issue of pulls) {
    const { pull } = issue;
    if (issue.state !== "open" || pull?.headRepo !== headRepo || pull.head !== branch) continue;
    await refreshHead(instance, issue);
    issue.updatedAt = instance.now();
    const payload = {
      action: "synchronized",
      number: issue.number,
      pull_request: pullShape(instance.url, issue, by),
    };
    announce(instance, issue.repo, { event: "pull_request", type: "pull_request_sync", by, payload });
  }
}
