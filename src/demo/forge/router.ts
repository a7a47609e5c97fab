/** The API's requests: finds the handler, and says no in Forgejo's words. Knows nothing of what the handlers do. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { User } from "./state.ts";

export interface ApiRequest {
  readonly by: User;
  /** Path parameters, decoded. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface ApiReply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export type ApiHandler = (request: ApiRequest) => ApiReply | Promise<ApiReply>;

export interface Route {
  readonly method: string;
  readonly pattern: RegExp;
  readonly handler: ApiHandler;
}

/** A no, thrown by handlers. */
export class ApiNo extends Error {
  override readonly name = "ApiNo";
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const MAX_BODY = 8 * 1024 * 1024;

/** `template` is "POST /repos/:owner/:repo/issues"; a last `*name` takes slashes too. */
export function route(template: string, handler: ApiHandler): Route {
  const [method = "", path = ""] = template.split(" ");
  const source = path.replace(/:(\w+)/g, "(?<$1>[^/]+)").replace(/\*(\w+)$/, "(?<$1>.+)");
  return { method, pattern: new RegExp(`^${source}$`), handler };
}

/** Answers one request whose path has lost the API's prefix. */
export async function answerApi(
  routes: readonly Route[],
  userOf: (token: string) => User | null,
  url: URL,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const reply = await replyTo(routes, userOf, url, req).catch((error: unknown) => {
    if (error instanceof ApiNo) return { status: error.status, body: { message: error.message, url: "" } };
    return { status: 500, body: { message: "the local forge broke", url: "" } };
  });
  sendJson(res, reply);
}

export function sendJson(res: ServerResponse, reply: ApiReply): void {
  const text = reply.body === undefined ? "" : JSON.stringify(reply.body);
  const type: Record<string, string> =
    text === "" ? {} : { "content-type": "application/json;charset=utf-8" };
  res.writeHead(reply.status, { ...type, ...reply.headers }).end(text);
}

async function replyTo(
  routes: readonly Route[],
  userOf: (token: string) => User | null,
  url: URL,
  req: IncomingMessage,
): Promise<ApiReply> {
  const by = userOf(/^(?:token|bearer) (.+)$/i.exec(req.headers.authorization ?? "")?.[1] ?? "");
  if (by === null) throw new ApiNo(401, "token is required");
  const body = await readJson(req);
  for (const { method, pattern, handler } of routes) {
    const match = method === req.method ? pattern.exec(url.pathname) : null;
    if (match) return handler({ by, path: decoded(match.groups ?? {}), query: url.searchParams, body });
  }
  throw new ApiNo(404, "Not Found");
}

function decoded(groups: Record<string, string>): Record<string, string> {
  try {
    return Object.fromEntries(
      Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]),
    );
  } catch {
    throw new ApiNo(404, "Not Found");
  }
}

async function readJson(req: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY) throw new ApiNo(413, "too large");
    chunks.push(chunk as Buffer);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  if (text === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new ApiNo(422, "the body is no JSON object");
}

/** One page of a list, as Forgejo does it: no Link header, only the total. */
export function page<T>(items: readonly T[], query: URLSearchParams, shape: (item: T) => unknown): ApiReply {
  const limit = Math.min(Number(query.get("limit") ?? 30) || 30, 50);
  const first = (Math.max(Number(query.get("page") ?? 1), 1) - 1) * limit;
  return {
    status: 200,
    headers: { "x-total-count": String(items.length) },
    body: items.slice(first, first + limit).map(shape),
  };
}

export function stringOf(body: ApiRequest["body"], key: string): string {
  const value = body[key];
  if (typeof value !== "string" || value === "") throw new ApiNo(422, `[${key}]: Required`);
  return value;
}
