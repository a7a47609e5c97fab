/**
 * Real git over smart HTTP, by `git http-backend`, for repositories at `<root>/<owner>/<name>.git`.
 * It knows nothing of users or pull requests: the caller says who may read and write, and is told of pushes.
 * It never runs a repository's hooks or reads the user's own git configuration.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import type { Readable } from "node:stream";

export interface GitRequest {
  /** Empty when the request carries no Basic credentials. */
  readonly user: string;
  readonly password: string;
  readonly owner: string;
  readonly repo: string;
  readonly write: boolean;
}

export interface GitHttpOptions {
  readonly root: string;
  authorize(request: GitRequest): "ok" | "unauthorized" | "forbidden";
  /** Called after each receive-pack, whether or not it changed a ref. */
  pushed?(request: GitRequest): void;
  /** Where git is looked for. */
  readonly path?: string;
}

interface Target {
  readonly owner: string;
  readonly repo: string;
  readonly service: string;
  readonly pathInfo: string;
  readonly query: string;
}

const PATH = "/usr/local/bin:/opt/homebrew/bin:/usr/bin:/bin";
const ROUTE = /^\/(\w[\w.-]*)\/([\w.-]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/;
const MAX_HEAD = 64 * 1024;

/** A request handler; it returns false, and touches nothing, when the request is not for git. */
export function gitHttp(options: GitHttpOptions): (req: IncomingMessage, res: ServerResponse) => boolean {
  return (req, res) => {
    const target = targetOf(req.url ?? "");
    if (target === null) return false;
    const { owner, repo } = target;
    const request = { ...credentialsOf(req), owner, repo, write: target.service === "git-receive-pack" };
    const verdict = options.authorize(request);
    if (verdict === "unauthorized") {
      refuse(res, 401, "authentication required", { "www-authenticate": 'Basic realm="git"' });
    } else if (verdict === "forbidden") {
      refuse(res, 403, "you may not do this here");
    } else if (!existsSync(join(options.root, owner, `${repo}.git`))) {
      refuse(res, 404, "no such repository");
    } else {
      serve(options, target, request, req, res);
    }
    return true;
  };
}

function targetOf(url: string): Target | null {
  const parsed = URL.parse(url, "http://localhost");
  if (parsed === null) return null;
  const { pathname, searchParams, search } = parsed;
  const [, owner, repo, action] = ROUTE.exec(pathname) ?? [];
  if (!owner || !repo || !action) return null;
  const service = action === "info/refs" ? (searchParams.get("service") ?? "") : action;
  return { owner, repo, service, pathInfo: `/${owner}/${repo}.git/${action}`, query: search.slice(1) };
}

function credentialsOf(req: IncomingMessage): { user: string; password: string } {
  const [, encoded] = /^basic (.+)$/i.exec(req.headers.authorization ?? "") ?? [];
  if (!encoded) return { user: "", password: "" };
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0
    ? { user: text, password: "" }
    : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

function refuse(res: ServerResponse, status: number, text: string, headers: Record<string, string> = {}) {
  res.writeHead(status, { "content-type": "text/plain; charset=utf-8", ...headers }).end(`${text}\n`);
}

function serve(
  options: GitHttpOptions,
  target: Target,
  request: GitRequest,
  req: IncomingMessage,
  res: ServerResponse,
): void {
  const backend = spawn("git", ["http-backend"], {
    env: environment(options, target, request, req),
    stdio: ["pipe", "pipe", "ignore"],
  });
  const isPush = target.pathInfo.endsWith("/git-receive-pack");
  if (isPush) backend.once("close", () => options.pushed?.(request));
  // A closed pipe only means that one side ended first; the backend's own end decides the answer.
  backend.stdin.on("error", () => {});
  req.pipe(backend.stdin);
  res.once("close", () => stopIfRunning(backend));
  answer(backend, backend.stdout, res);
}

function stopIfRunning(backend: ChildProcess): void {
  if (backend.exitCode === null && backend.signalCode === null) backend.kill();
}

function answer(backend: ChildProcess, stdout: Readable, res: ServerResponse): void {
  const broken = () => {
    if (!res.headersSent) refuse(res, 500, "git http-backend gave no answer; is git installed?");
  };
  backend.once("error", broken);
  let head = Buffer.alloc(0);
  const onData = (chunk: Buffer) => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) {
      if (head.length > MAX_HEAD) backend.kill();
      return;
    }
    stdout.off("data", onData).off("end", broken).pause();
    const { status, headers } = parseHead(head.subarray(0, end).toString("latin1"));
    res.writeHead(status, headers);
    const rest = head.subarray(end + 4);
    if (rest.length > 0) stdout.unshift(rest);
    stdout.pipe(res);
  };
  stdout.on("data", onData).once("end", broken);
}

function parseHead(text: string): { status: number; headers: Record<string, string> } {
  const headers: Record<string, string> = {};
  let status = 200;
  for (const line of text.split("\r\n")) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === "status") status = Number.parseInt(value, 10);
    else headers[name] = value;
  }
  return { status, headers };
}

/** Everything the backend may know: nothing of the server's own environment enters it. */
function environment(
  options: GitHttpOptions,
  target: Target,
  request: GitRequest,
  req: IncomingMessage,
): Record<string, string> {
  const config: readonly (readonly [string, string])[] = [
    ["http.receivepack", "true"],
    ["safe.directory", "*"],
    ["core.hooksPath", "/dev/null"],
    ["uploadpack.allowFilter", "true"],
    ["uploadpack.allowAnySHA1InWant", "true"],
  ];
  const env: Record<string, string> = {
    PATH: options.path ?? PATH,
    GIT_PROJECT_ROOT: options.root,
    GIT_HTTP_EXPORT_ALL: "1",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_COUNT: String(config.length),
    PATH_INFO: target.pathInfo,
    QUERY_STRING: target.query,
    REQUEST_METHOD: req.method ?? "GET",
    CONTENT_TYPE: req.headers["content-type"] ?? "",
    REMOTE_ADDR: "127.0.0.1",
    REMOTE_USER: request.user,
    GIT_COMMITTER_NAME: request.user || "git",
    GIT_COMMITTER_EMAIL: "git@localhost",
    GIT_PROTOCOL: String(req.headers["git-protocol"] ?? ""),
    HTTP_CONTENT_ENCODING: req.headers["content-encoding"] ?? "",
  };
  config.forEach(([key, value], at) => {
    env[`GIT_CONFIG_KEY_${at}`] = key;
    env[`GIT_CONFIG_VALUE_${at}`] = value;
  });
  if (req.headers["content-length"]) env.CONTENT_LENGTH = req.headers["content-length"];
  return env;
}
