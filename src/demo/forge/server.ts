/** The local forge's one HTTP server: git, then the API, then pages. Only on the loopback address. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { changeRoutes } from "./api/changes.ts";
import { issueRoutes } from "./api/issues.ts";
import { peopleRoutes } from "./api/people.ts";
import { pullRoutes } from "./api/pulls.ts";
import { repoRoutes } from "./api/repos.ts";
import { timeRoutes } from "./api/time.ts";
import type { Faults } from "./faults.ts";
import { pullDiff } from "./git.ts";
import { dirOf, type Instance } from "./instance.ts";
import { homePage, issuePage, repoPage } from "./pages.ts";
import { answerApi } from "./router.ts";
import { findIssue, findRepo } from "./state.ts";

const API = "/api/v1";
const HOST = "127.0.0.1";
const PAGE_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
};

export type Handler = (req: IncomingMessage, res: ServerResponse) => boolean;

/** Resolves with the server and its URL when it listens; `port` 0 takes a free one. */
export async function listen(port: number): Promise<{ server: Server; url: string }> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, HOST, resolve);
  });
  return { server, url: `http://${HOST}:${(server.address() as AddressInfo).port}` };
}

export function serve(server: Server, instance: Instance, git: Handler, faults: Faults): void {
  const routes = [
    ...peopleRoutes(instance),
    ...repoRoutes(instance),
    // Before the issues, one of whose patterns would take `issues/comments` for an issue.
    ...changeRoutes(instance),
    ...issueRoutes(instance),
    ...pullRoutes(instance),
    ...timeRoutes(instance),
  ];
  const userOf = (token: string) => instance.state.users.find((user) => user.token === token) ?? null;
  server.on("request", (req, res) => {
    if (git(req, res)) return;
    const url = URL.parse(req.url ?? "/", instance.url);
    const method = req.method ?? "GET";
    res.setHeader("date", new Date(instance.now()).toUTCString());
    if (url?.pathname.startsWith(`${API}/`)) {
      url.pathname = url.pathname.slice(API.length);
      if (!faults.take(method, url.pathname, res)) void answerApi(routes, userOf, url, req, res);
    } else {
      void sendPage(instance, method, url?.pathname ?? "", res);
    }
  });
}

async function sendPage(
  instance: Instance,
  method: string,
  path: string,
  res: ServerResponse,
): Promise<void> {
  const html = method === "GET" ? await pageAt(instance, path).catch(() => null) : null;
  if (html === null) {
    res.writeHead(404, { "content-type": "text/plain; charset=utf-8" }).end("There is no such page.\n");
  } else {
    res.writeHead(200, PAGE_HEADERS).end(html);
  }
}

async function pageAt(instance: Instance, path: string): Promise<string | null> {
  const { state } = instance;
  const [owner, name, kind, number, ...more] = path.split("/").slice(1).map(decodeURIComponent);
  if (!owner) return homePage(state);
  const repo = findRepo(state, owner, name ?? "");
  if (repo === null || repo.private || more.length > 0) return null;
  if (!kind) return repoPage(repo);
  const issue = findIssue(repo, Number(number));
  if (issue === null || !["issues", "pulls"].includes(kind)) return null;
  const diff = issue.pull ? await pullDiff(dirOf(instance, repo), issue.pull.base, issue.number) : null;
  return issuePage(state, issue, diff);
}
