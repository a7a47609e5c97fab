/** The API's answers to "what is new": repositories one belongs to, issues and comments since a time, timelines. */
import type { Instance } from "../instance.ts";
import { page, type Route, route } from "../router.ts";
import { commentShape, happeningShape, issueShape, repoShape } from "../shapes.ts";
import type { Comment, Happening } from "../state.ts";
import { issueOf, repoOf } from "./lookup.ts";

export function changeRoutes(instance: Instance): Route[] {
  const { url, state } = instance;
  return [
    // Not those that are only public.
    route("GET /user/repos", ({ by, query }) => {
      const own = state.repos.filter((repo) => repo.owner.id === by.id || repo.grants.has(by.id));
      return page(own, query, (repo) => repoShape(url, repo, by));
    }),
    // The newest first, whenever they were changed.
    route("GET /repos/:owner/:repo/issues", (request) => {
      const { query } = request;
      const state = query.get("state") ?? "open";
      const type = query.get("type") ?? "";
      const issues = repoOf(instance, request).issues.filter(
        (issue) =>
          (state === "all" || issue.state === state) &&
          (type === "" || (issue.pull ? "pulls" : "issues") === type) &&
          issue.updatedAt >= since(query),
      );
      return page(issues.toReversed(), query, (issue) => issueShape(url, issue));
    }),
    // The oldest first, by when they were made; `since` is about when they were changed.
    route("GET /repos/:owner/:repo/issues/comments", (request) => {
      const all = repoOf(instance, request).issues.flatMap((issue) =>
        issue.comments.map((comment) => ({ issue, comment })),
      );
      const changed = all.filter(({ comment }) => comment.updatedAt >= since(request.query));
      const oldestFirst = changed.sort((a, b) => a.comment.id - b.comment.id);
      return page(oldestFirst, request.query, ({ issue, comment }) => commentShape(url, issue, comment));
    }),
    route("GET /repos/:owner/:repo/issues/:index/timeline", (request) => {
      const issue = issueOf(instance, request);
      const all: (Comment | Happening)[] = [...issue.comments, ...issue.history];
      const changed = all
        .filter((one) => ("at" in one ? one.at : one.updatedAt) >= since(request.query))
        .sort((a, b) => a.id - b.id);
      return page(changed, request.query, (one) =>
        "at" in one
          ? happeningShape(url, issue, one)
          : { ...commentShape(url, issue, one), type: "comment", label: null },
      );
    }),
  ];
}

/** Whole seconds, as Forgejo compares. */
function since(query: URLSearchParams): number {
  return Math.floor(Date.parse(query.get("since") ?? "1970-01-01") / 1000) * 1000;
}
