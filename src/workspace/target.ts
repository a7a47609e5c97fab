/**
 * What a run builds on and where its work goes: from the request, the pull request and the remote's refs. Pure,
 * except that a pull request's head may have to be fetched.
 */
import type { PullRequest } from "../forges/forge.ts";
import { Refusal } from "../model/errors.ts";
import { type Run, type RunWorkspace, repoName } from "../model/run.ts";
import type { Refs } from "./mirror.ts";
import { branchName } from "./names.ts";

export type Target = Omit<RunWorkspace, "dir">;

export interface TargetFacts {
  readonly run: Run;
  readonly defaultBranch: string;
  readonly pull: PullRequest | null;
  readonly refs: Refs;
  /** Fetches `refs/pull/N/head` and resolves with its commit. */
  readonly pullHead: (pull: number) => Promise<string>;
}

/** Refuses, with the fix, when a named branch or tag is not on the remote or there is nothing to build on. */
export async function findTarget(facts: TargetFacts): Promise<Target> {
  const { run, defaultBranch, pull, refs } = facts;
  if (pull) {
    refuseBase(run);
    return isOwnBranch(run, pull) ? onItsBranch(pull, refs) : besideIt(facts, pull);
  }
  const branch = newBranch(run, refs);
  const { branch: wanted, tag } = run.request;
  if (wanted !== null && tag !== null) {
    throw new Refusal("choosing the base: both a branch and a tag are named", "Name one of them.");
  }
  if (tag !== null) return { branch, base: defaultBranch, baseSha: tagged(run, refs, tag), pull: null };
  const base = wanted ?? defaultBranch;
  const baseSha = refs.get(`refs/heads/${base}`);
  if (!baseSha) throw missingBranch(facts, base);
  return { branch, base, baseSha, pull: null };
}

function newBranch(run: Run, refs: Refs): string {
  return branchName(run, (branch) => refs.has(`refs/heads/${branch}`));
}

/** In the repository itself: the bot can push to its branch. That it is open was seen to before. */
function isOwnBranch(run: Run, pull: PullRequest): boolean {
  const head = pull.headRepo;
  return head?.forge === run.repo.forge && same(head.owner, run.repo.owner) && same(head.name, run.repo.name);
}

function onItsBranch(pull: PullRequest, refs: Refs): Target {
  const baseSha = refs.get(`refs/heads/${pull.headBranch}`);
  if (!baseSha) {
    throw new Refusal(
      `choosing the base: the branch ${pull.headBranch} of pull request #${pull.number} is gone`,
      "Restore the branch, or give the command on an issue.",
    );
  }
  return { branch: pull.headBranch, base: null, baseSha, pull: pull.number };
}

/** From a fork: its commits are the start, and the work goes to a branch of the bot's. */
async function besideIt(facts: TargetFacts, pull: PullRequest): Promise<Target> {
  const baseSha = await facts.pullHead(pull.number);
  return { branch: newBranch(facts.run, facts.refs), base: pull.baseBranch, baseSha, pull: null };
}

function refuseBase(run: Run): void {
  if (run.request.branch === null && run.request.tag === null) return;
  throw new Refusal(
    "choosing the base: a pull request's work builds on the pull request itself",
    "Leave out the branch and tag, or give the command on an issue.",
  );
}

function tagged(run: Run, refs: Refs, tag: string): string {
  const sha = refs.get(`refs/tags/${tag}`);
  if (sha) return sha;
  throw new Refusal(
    `choosing the base: ${repoName(run.repo)} has no tag ${JSON.stringify(tag)}`,
    "Push the tag, or name one that exists.",
  );
}

function missingBranch({ run, refs, defaultBranch }: TargetFacts, base: string): Refusal {
  const repo = repoName(run.repo);
  const hasBranches = [...refs.keys()].some((name) => name.startsWith("refs/heads/"));
  if (!hasBranches) {
    return new Refusal(`choosing the base: ${repo} is empty`, "Push a first commit, then /dispatch retry.");
  }
  if (base !== defaultBranch) {
    return new Refusal(
      `choosing the base: ${repo} has no branch ${JSON.stringify(base)}`,
      "Push the branch, or name one that exists.",
    );
  }
  return new Refusal(
    `choosing the base: the default branch ${JSON.stringify(base)} of ${repo} does not exist`,
    "Choose an existing default branch in the repository's settings, then /dispatch retry.",
  );
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
