/** The fake's HTTP: git, the API, and the emulator's own webhooks, on one port of the loopback. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ApiReply, ApiRequest } from "./api.ts";

export const HOOK_PATH = "/_hook";

export interface ServerParts {
  git(request: IncomingMessage, response: ServerResponse): boolean;
  /** A webhook of the emulator's. */
  hook(event: string, payload: unknown): void;
  /** Null when the request is held for ever. */
  api(request: ApiRequest, response: ServerResponse): Promise<ApiReply | null>;
}

export interface RunningServer {
  readonly url: string;
  close(): Promise<void>;
}

/** `parts` is asked for at each request, so that the address is known before the parts are made. */
export async function startServer(parts: () => ServerParts): Promise<RunningServer> {
  const server = createServer((request, response) => {
    answer(parts(), request, response).catch((error: unknown) => {
      response.writeHead(500, { "content-type": "text/plain" }).end(`the fake GitHub broke: ${error}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => close(server) };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function answer(parts: ServerParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://localhost");
  if (parts.git(request, response)) return;
  const text = await bodyOf(request);
  if (url.pathname === HOOK_PATH) {
    parts.hook(String(request.headers["x-github-event"]), JSON.parse(text));
    response.writeHead(204).end();
    return;
  }
  const reply = await parts.api(read(request, url, text), response);
  if (reply !== null) send(reply, response);
}

function read(request: IncomingMessage, url: URL, text: string): ApiRequest {
  const segments = url.pathname.split("/").map((one) => decodeURIComponent(one).replaceAll("/", "%2F"));
  return {
    method: request.method ?? "GET",
    path: segments.join("/"),
    query: url.searchParams,
    accept: request.headers.accept ?? "",
    ifNoneMatch: request.headers["if-none-match"] ?? "",
    token: (request.headers.authorization ?? "").replace(/^(?:bearer|token)\s+/i, ""),
    body: text === "" ? undefined : JSON.parse(text),
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function send(reply: ApiReply, response: ServerResponse): void {
  const isText = typeof reply.body === "string";
  const text = isText ? String(reply.body) : reply.body === undefined ? "" : JSON.stringify(reply.body);
  const type = { "content-type": "application/json; charset=utf-8" };
  response.writeHead(reply.status, { ...(text !== "" && type), ...reply.headers }).end(text);
}
