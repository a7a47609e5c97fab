/** Pull requests: read, opened once, reviewed without a verdict. */

import { ForgeError } from "../../model/errors.ts";
import { type RepoRef, repoName } from "../../model/run.ts";
import type { Forge, NewPull, Review } from "../forge.ts";
import { fetchWhile } from "../while-ours.ts";
import type { GithubClient } from "./client.ts";
import { GHOST } from "./parse.ts";

type Part = Pick<Forge, "pull" | "openPull" | "review" | "reviews">;
type Opened = Awaited<ReturnType<Forge["openPull"]>>;

const PAGE = 100;
/** Seen by its author only. */
const PENDING = "PENDING";

export function pulls(client: GithubClient): Part {
  return {
    async pull(repo, number) {
      const { data } = await client.onRepo(repo, `reading ${repoName(repo)}#${number}`, (octokit, request) =>
        octokit.rest.pulls.get({ owner: repo.owner, repo: repo.name, pull_number: number, request }),
      );
      return {
        number: data.number,
        url: data.html_url,
        title: data.title,
        open: data.state === "open",
        headBranch: data.head.ref,
        headSha: data.head.sha,
        headRepo: headRepo(repo, data.head.repo),
        baseBranch: data.base.ref,
      };
    },

    openPull: (repo, pull) => openPull(client, repo, pull),

    async review(repo, pull, body, stillOurs) {
      const where = { owner: repo.owner, repo: repo.name, pull_number: pull };
      const { data } = await client.onRepo(repo, `reviewing ${repoName(repo)}#${pull}`, (octokit, request) =>
        octokit.rest.pulls.createReview({
          ...where,
          event: "COMMENT",
          body,
          request: { ...request, fetch: fetchWhile(stillOurs) },
        }),
      );
      return String(data.id);
    },

    async reviews(repo, pull) {
      const all: GithubReview[] = [];
      for (let page = 1; ; page++) {
        const some = await reviewPage(client, repo, pull, page);
        all.push(...some);
        if (some.length < PAGE) return all.filter(({ state }) => state !== PENDING).map(reviewFrom);
      }
    },
  };
}

interface GithubReview {
  readonly id: number;
  readonly user: { readonly id: number; readonly login: string } | null;
  readonly body: string | null;
  readonly state: string;
}

async function reviewPage(
  client: GithubClient,
  repo: RepoRef,
  pull: number,
  page: number,
): Promise<readonly GithubReview[]> {
  const where = { owner: repo.owner, repo: repo.name, pull_number: pull, per_page: PAGE, page };
  const action = `reading the reviews of ${repoName(repo)}#${pull}`;
  const { data } = await client.onRepo(repo, action, (octokit, request) =>
    octokit.rest.pulls.listReviews({ ...where, request }),
  );
  return data;
}

function reviewFrom({ id, user, body }: GithubReview): Review {
  return {
    id: String(id),
    author: user ? { id: user.id, login: user.login } : GHOST,
    body: body ?? "",
  };
}

interface GithubRepo {
  readonly name: string;
  readonly owner: { readonly login: string };
}

/** Null when the fork was deleted, though GitHub's description does not say that it may be. */
function headRepo(base: RepoRef, head: GithubRepo | null): RepoRef | null {
  return head && { forge: base.forge, owner: head.owner.login, name: head.name };
}

async function openPull(client: GithubClient, repo: RepoRef, pull: NewPull): Promise<Opened> {
  try {
    return await create(client, repo, pull);
  } catch (error) {
    // Drafts are not part of every plan; the work matters more than its mark.
    if (pull.draft && isRefused(error, /draft pull requests? (?:is|are) not supported/i)) {
      return await openPull(client, repo, { ...pull, draft: false });
    }
    const found =
      isRefused(error, /a pull request already exists/i) && (await openedBefore(client, repo, pull));
    if (found) return found;
    throw error;
  }
}

async function create(client: GithubClient, repo: RepoRef, pull: NewPull): Promise<Opened> {
  const action = `opening a pull request in ${repoName(repo)}`;
  const { data } = await client.onRepo(repo, action, (octokit, request) =>
    octokit.rest.pulls.create({ owner: repo.owner, repo: repo.name, ...pull, request }),
  );
  return { number: data.number, url: data.html_url, opened: true };
}

async function openedBefore(client: GithubClient, repo: RepoRef, pull: NewPull): Promise<Opened | null> {
  const head = pull.head.includes(":") ? pull.head : `${repo.owner}:${pull.head}`;
  const where = { owner: repo.owner, repo: repo.name, head, base: pull.base, state: "open" as const };
  const action = `looking for the open pull request of ${head} in ${repoName(repo)}`;
  const { data } = await client.onRepo(repo, action, (octokit, request) =>
    octokit.rest.pulls.list({ ...where, request }),
  );
  const found = data.find((one) => one.base.ref === pull.base);
  return found ? { number: found.number, url: found.html_url, opened: false } : null;
}

function isRefused(error: unknown, reason: RegExp): boolean {
  return error instanceof ForgeError && error.status === 422 && reason.test(error.message);
}
