/** The lists a scan reads, which the emulator lacks or gives without pull requests, `since`, or an ETag. */
import { createHash } from "node:crypto";
import {
  type ApiPart,
  type ApiReply,
  type ApiRequest,
  asked,
  at,
  listOf,
  numberAt,
  reply,
  textAt,
} from "./api.ts";
import type { Directory } from "./directory.ts";
import type { Emulator } from "./emulator.ts";
import type { History } from "./history.ts";

export interface ListOptions {
  readonly emulator: Emulator;
  readonly directory: Directory;
  readonly history: History;
  /** Resolves when all that happened is in the history. */
  readonly settled: () => Promise<void>;
  readonly url: string;
}

const ISSUES = /^\/repos\/([^/]+\/[^/]+)\/issues$/;
const EVENTS = /^\/repos\/([^/]+\/[^/]+)\/issues\/(\d+)\/events$/;
const COMMENTS = /^\/repos\/([^/]+\/[^/]+)\/issues\/comments$/;
const MOST = 100;

export function listsPart(options: ListOptions): ApiPart {
  return async (request) => {
    if (request.method !== "GET") return null;
    const [, listed] = ISSUES.exec(request.path) ?? [];
    if (listed) return await issues(listed, request, options);
    const [, repo, number] = EVENTS.exec(request.path) ?? [];
    if (repo) return await events(repo, Number(number), request, options);
    const [, spoken] = COMMENTS.exec(request.path) ?? [];
    if (spoken) return await comments(spoken, request, options);
    return request.path === "/user/repos" ? await ownRepositories(request, options) : null;
  };
}

async function issues(repo: string, request: ApiRequest, options: ListOptions): Promise<ApiReply> {
  await options.settled();
  const all = await everyIssue(repo, request, options);
  if (!Array.isArray(all)) return all;
  const state = request.query.get("state") ?? "open";
  const found = all.filter((one) => state === "all" || textAt(one, "state") === state);
  return paged(selected(found, request.query, "desc"), request, options.url);
}

/** The emulator takes the list's path for an issue's. */
async function comments(repo: string, request: ApiRequest, options: ListOptions): Promise<ApiReply> {
  const all = await everyIssue(repo, request, options);
  if (!Array.isArray(all)) return all;
  const path = (issue: unknown) => `/repos/${repo}/issues/${numberAt(issue, "number")}/comments`;
  const found = await Promise.all(all.map((issue) => everyPage(path(issue), request, options)));
  return paged(selected(found.flat(), request.query, "asc"), request, options.url);
}

/** Pull requests too; or what GitHub answers when the repository is not there. */
async function everyIssue(repo: string, request: ApiRequest, options: ListOptions) {
  const there = await options.emulator.request(asked("GET", `/repos/${repo}`, request.token));
  if (there.status !== 200) return there;
  const issues = await everyPage(`/repos/${repo}/issues?state=all`, request, options);
  const pulls = await everyPage(`/repos/${repo}/pulls?state=all`, request, options);
  const all = [...issues, ...pulls.map((pull) => asIssue(repo, pull, options))];
  return all.map((one) => touched(repo, one, options.history));
}

async function everyPage(path: string, { token }: ApiRequest, { emulator }: ListOptions) {
  const found: unknown[] = [];
  for (let page = 1; ; page++) {
    const where = `${path}${path.includes("?") ? "&" : "?"}per_page=${MOST}&page=${page}`;
    const some = listOf((await emulator.request(asked("GET", where, token))).body);
    found.push(...some);
    if (some.length < MOST) return found;
  }
}

/** Those since the asked time, in the asked order. */
function selected(all: readonly unknown[], query: URLSearchParams, direction: string): readonly unknown[] {
  const since = Date.parse(query.get("since") ?? "1970-01-01T00:00:00Z");
  const sort = query.get("sort") === "updated" ? "updated_at" : "created_at";
  const sign = (query.get("direction") ?? direction) === "asc" ? 1 : -1;
  return all
    .filter((one) => Date.parse(textAt(one, "updated_at")) >= since)
    .sort((one, other) => sign * textAt(one, sort).localeCompare(textAt(other, sort)));
}

function touched(repo: string, issue: unknown, history: History): object {
  const updated = history.updatedAt(repo, numberAt(issue, "number"), textAt(issue, "updated_at"));
  return { ...(issue as object), updated_at: updated };
}

function asIssue(repo: string, pull: unknown, { history, url }: ListOptions): object {
  const number = numberAt(pull, "number");
  const { head: _head, base: _base, ...rest } = { head: null, base: null, ...(pull as object) };
  const ended = history.events.findLast(
    (one) => one.repo === repo && one.number === number && one.json.event === "closed",
  );
  return {
    ...rest,
    repository_url: `${url}/repos/${repo}`,
    pull_request: { url: at(pull, "url"), html_url: at(pull, "html_url") },
    closed_by: ended ? at(ended.json, "actor") : null,
  };
}

async function events(
  repo: string,
  number: number,
  request: ApiRequest,
  options: ListOptions,
): Promise<ApiReply> {
  await options.settled();
  const path = `/repos/${repo}/issues/${number}/labels`;
  const there = await options.emulator.request(asked("GET", path, request.token));
  if (there.status !== 200) return there;
  const found = options.history.events.filter((one) => one.repo === repo && one.number === number);
  return paged(
    found.map(({ json }) => json),
    request,
    options.url,
  );
}

async function ownRepositories(
  request: ApiRequest,
  { directory, emulator, url }: ListOptions,
): Promise<ApiReply> {
  const login = directory.byToken(request.token)?.login ?? "";
  const answers = directory.grantedTo(login).map(async ({ repo, level }) => {
    const { status, body } = await emulator.request(asked("GET", `/repos/${repo}`, request.token));
    const permissions = { admin: level === "admin", push: level !== "read", pull: true };
    return status === 200 ? [{ ...(body as object), permissions }] : [];
  });
  return paged((await Promise.all(answers)).flat(), request, url);
}

function paged(all: readonly unknown[], request: ApiRequest, url: string): ApiReply {
  const size = Number(request.query.get("per_page") ?? 30);
  const page = Number(request.query.get("page") ?? 1);
  const last = Math.max(1, Math.ceil(all.length / size));
  const link = (to: number, rel: string) => {
    const query = new URLSearchParams(request.query);
    query.set("page", String(to));
    return `<${url}${request.path}?${query}>; rel="${rel}"`;
  };
  const shown = all.slice((page - 1) * size, page * size);
  const etag = `W/"${createHash("sha256").update(JSON.stringify(shown)).digest("hex")}"`;
  if (etag === request.ifNoneMatch) return reply(304, undefined, { etag });
  const links = page < last ? { link: `${link(page + 1, "next")}, ${link(last, "last")}` } : {};
  return reply(200, shown, { etag, ...links });
}
