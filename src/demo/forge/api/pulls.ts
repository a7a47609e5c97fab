/** The API's pull requests and reviews. */
import { addReview, openPull, openPullOf, refreshHead } from "../actions/pulls.ts";
import type { Instance } from "../instance.ts";
import { ApiNo, type ApiReply, type ApiRequest, page, type Route, route, stringOf } from "../router.ts";
import { pullShape, reviewShape } from "../shapes.ts";
import { findRepo, type Issue, type Repo } from "../state.ts";
import { pullOf, repoOf } from "./lookup.ts";

const PULLS = "/repos/:owner/:repo/pulls";
/** Any other event silently makes a review that only its author sees. */
const EVENTS = ["APPROVED", "REQUEST_CHANGES", "COMMENT"];

export function pullRoutes(instance: Instance): Route[] {
  const show = async (issue: Issue, request: ApiRequest): Promise<ApiReply> => {
    await refreshHead(instance, issue);
    return { status: 200, body: pullShape(instance.url, issue, request.by) };
  };
  return [
    route(`POST ${PULLS}`, (request) => create(instance, request)),
    // The `head` parameter is ignored, as on Forgejo.
    route(`GET ${PULLS}`, (request) => {
      const state = request.query.get("state") ?? "open";
      const pulls = repoOf(instance, request).issues.filter(
        (issue) => issue.pull && (state === "all" || issue.state === state),
      );
      return page(pulls, request.query, (issue) => pullShape(instance.url, issue, request.by));
    }),
    route(`GET ${PULLS}/:index`, (request) => show(pullOf(instance, request), request)),
    route(`GET ${PULLS}/:index/reviews`, (request) => {
      const { reviews } = pullOf(instance, request).pull;
      const seen = reviews.filter(({ state, by }) => state !== "PENDING" || by === request.by);
      return page(seen, request.query, reviewShape);
    }),
    route(`POST ${PULLS}/:index/reviews`, (request) => review(instance, request)),
    route(`GET ${PULLS}/:base/*head`, (request) => {
      const repo = repoOf(instance, request);
      const { headRepo, head } = headOf(instance, repo, request.path.head ?? "");
      const found = openPullOf(repo, request.path.base ?? "", headRepo, head);
      if (found === null) throw new ApiNo(404, "pull request does not exist");
      return show(found, request);
    }),
  ];
}

/** `branch`, or `login:branch` for one of a fork. */
function headOf(instance: Instance, repo: Repo, head: string): { headRepo: Repo; head: string } {
  const colon = head.indexOf(":");
  if (colon < 0) return { headRepo: repo, head };
  const headRepo = findRepo(instance.state, head.slice(0, colon), repo.name);
  if (headRepo === null) throw new ApiNo(404, "The target couldn't be found.");
  return { headRepo, head: head.slice(colon + 1) };
}

async function create(instance: Instance, request: ApiRequest): Promise<ApiReply> {
  const repo = repoOf(instance, request);
  const base = stringOf(request.body, "base");
  const title = stringOf(request.body, "title");
  const from = headOf(instance, repo, stringOf(request.body, "head"));
  if (openPullOf(repo, base, from.headRepo, from.head)) {
    throw new ApiNo(409, "pull request already exists for these targets");
  }
  const body = String(request.body.body ?? "");
  const issue = await openPull(instance, repo, request.by, { ...from, base, title, body, labels: [] });
  if (issue === null) throw new ApiNo(404, "The target couldn't be found.");
  return { status: 201, body: pullShape(instance.url, issue, request.by) };
}

function review(instance: Instance, request: ApiRequest): ApiReply {
  const issue = pullOf(instance, request);
  const event = String(request.body.event ?? "");
  const body = String(request.body.body ?? "");
  if (event === "COMMENT" && body === "") throw new ApiNo(422, "body is required");
  const state = EVENTS.includes(event) ? event : "PENDING";
  return { status: 200, body: reviewShape(addReview(instance, issue, request.by, { body, state })) };
}
