/** Repositories, their files, and pull requests. */
import type {
  ContentsResponse,
  CreatePullRequestOption,
  CreatePullReviewOptions,
  PullRequest as PullReply,
  PullReview,
  Repository as RepoReply,
} from "@llamaduck/forgejo-ts";
import { ForgeError } from "../../model/errors.ts";
import { type RepoRef, repoName } from "../../model/run.ts";
import type { Forge, NewPull, PullRequest, Review, StillOurs } from "../forge.ts";
import { type Api, at, encodePath, named, need } from "./api.ts";

type Pulls = Pick<Forge, "repository" | "file" | "pull" | "review" | "reviews" | "openPull">;
type Opened = Awaited<ReturnType<Forge["openPull"]>>;

const REPO = "/repos/{owner}/{repo}";
const REVIEWS = `${REPO}/pulls/{index}/reviews`;
/** Seen by its author only. */
const PENDING = "PENDING";
const MAX_FILE = 1024 * 1024;
/** The first of Forgejo's default WORK_IN_PROGRESS_PREFIXES: it has no other sign of a draft. */
const DRAFT = "WIP: ";

export function forgejoPulls(api: Api): Pulls {
  return {
    async repository(repo) {
      const action = `reading the repository ${repoName(repo)}`;
      const { data } = await api.call<RepoReply>(action, `GET ${REPO}`, at(repo));
      return {
        defaultBranch: need(data.default_branch, "default_branch", action),
        private: data.private ?? true,
        timeTracking: data.internal_tracker?.enable_time_tracker === true,
        url: need(data.html_url, "html_url", action),
      };
    },
    file: (repo, path) => file(api, repo, path),
    async pull(repo, number) {
      const action = `reading the pull request ${named(repo, number)}`;
      const { data } = await api.call<PullReply>(action, `GET ${REPO}/pulls/{index}`, at(repo, number));
      return pullFrom(data, repo.forge, action);
    },
    review: (repo, pull, body, stillOurs) => review(api, repo, pull, body, stillOurs),
    async reviews(repo, pull) {
      const action = `reading the reviews of ${named(repo, pull)}`;
      const all = await api.all<PullReview>(action, `GET ${REVIEWS}`, at(repo, pull));
      return all.filter(({ state }) => state !== PENDING).map((one) => reviewFrom(one, action));
    },
    openPull: (repo, pull) => openPull(api, repo, pull),
  };
}

async function file(api: Api, repo: RepoRef, path: string): Promise<string | null> {
  const action = `reading ${path} of ${repoName(repo)}`;
  const route = `GET ${REPO}/contents/${encodePath(path)}`;
  const reply = await api.callUnless<ContentsResponse | ContentsResponse[]>([404], action, route, at(repo));
  if (reply === null || Array.isArray(reply.data) || reply.data.type !== "file") return null;
  const { size, content, encoding } = reply.data;
  if (need(size, "size", action) > MAX_FILE) {
    throw new ForgeError(`${action}: it is larger than 1 MiB; make it smaller`, 413, false);
  }
  if (size === 0) return "";
  if (encoding !== "base64") throw new ForgeError(`${action}: it came in an unknown encoding`, 200, false);
  return Buffer.from(need(content, "content", action), "base64").toString("utf8");
}

function pullFrom(reply: PullReply, forge: string, action: string): PullRequest {
  const { head, base } = reply;
  const owner = head?.repo?.owner?.login;
  const name = head?.repo?.name;
  return {
    number: need(reply.number, "number", action),
    url: need(reply.html_url, "html_url", action),
    title: reply.title ?? "",
    open: reply.state === "open",
    headBranch: need(head?.ref, "head.ref", action),
    headSha: need(head?.sha, "head.sha", action),
    headRepo: owner && name ? { forge, owner, name } : null,
    baseBranch: need(base?.ref, "base.ref", action),
  };
}

/** An unknown event would silently make a review that nobody sees, so the reply is checked. */
async function review(
  api: Api,
  repo: RepoRef,
  pull: number,
  body: string,
  stillOurs: StillOurs,
): Promise<string> {
  const action = `reviewing ${named(repo, pull)}`;
  const input = { body, event: "COMMENT" } satisfies CreatePullReviewOptions;
  const parameters = { ...at(repo, pull), ...input };
  const { data } = await api.call<PullReview>(action, `POST ${REVIEWS}`, parameters, { stillOurs });
  if (data.state === PENDING)
    throw new ForgeError(`${action}: the forge left it pending, unseen`, 200, false);
  return String(need(data.id, "id", action));
}

function reviewFrom(reply: PullReview, action: string): Review {
  return {
    id: String(need(reply.id, "id", action)),
    // The account may be gone, or it is a team's; nobody has the id -1.
    author: { id: reply.user?.id ?? -1, login: reply.user?.login ?? "ghost" },
    body: reply.body ?? "",
  };
}

async function openPull(api: Api, repo: RepoRef, pull: NewPull): Promise<Opened> {
  const { head, base, body } = pull;
  const action = `opening a pull request from ${head} in ${repoName(repo)}`;
  const title = pull.draft ? `${DRAFT}${pull.title}` : pull.title;
  const input = { head, base, body, title } satisfies CreatePullRequestOption;
  const made = await api.callUnless<PullReply>([409], action, `POST ${REPO}/pulls`, {
    ...at(repo),
    ...input,
  });
  if (made !== null) return openedFrom(made.data, true, action);
  // The list ignores `head`; this is the one way to ask by branches.
  const route = `GET ${REPO}/pulls/{base}/${encodePath(head)}`;
  const { data } = await api.call<PullReply>(action, route, { ...at(repo), base });
  if (data.state !== "open") {
    throw new ForgeError(`${action}: there is one already, and the forge does not say which`, 409, false);
  }
  return openedFrom(data, false, action);
}

function openedFrom(reply: PullReply, opened: boolean, action: string): Opened {
  return {
    number: need(reply.number, "number", action),
    url: need(reply.html_url, "html_url", action),
    opened,
  };
}
