/**
 * A model that does as it is told, behind the APIs of OpenAI, Anthropic, Google and Ollama, on a free port of
 * 127.0.0.1: enough of each for the real CLIs to work through a script. It checks no key and keeps no conversation;
 * every turn is judged by its request alone, so any number of CLIs can use it at once.
 *
 * A base URL of `<url>/fail/<failure>` fails every turn in that way.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { anthropic } from "./anthropic.ts";
import type { Api, Call } from "./api.ts";
import { gemini } from "./gemini.ts";
import { ollama } from "./ollama.ts";
import { openai } from "./openai-responses.ts";
import { json, type Reply } from "./reply.ts";
import { FAILURES, type Failure, type Script, type Step, type Turn } from "./script.ts";

export interface ModelServerOptions {
  readonly script: Script;
}

/** One request as it came. `turn` is null when it was not one for the model. */
export interface ModelRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<IncomingMessage["headers"]>;
  readonly turn: Turn | null;
  readonly body: unknown;
}

export interface ModelServer {
  readonly url: string;
  /** Everything asked so far, in order. */
  readonly requests: readonly ModelRequest[];
  /** The base URL under which every turn fails. */
  failing(failure: Failure): string;
  /** Ends open answers too; safe to call twice. */
  close(): Promise<void>;
}

const APIS: readonly Api[] = [openai, anthropic, gemini];

export async function startModelServer({ script }: ModelServerOptions): Promise<ModelServer> {
  const requests: ModelRequest[] = [];
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const { call, failure } = callOf(request, body, requests.length + 1);
      const asked = APIS.map((api) => ({ api, turn: api.turn(call) })).find(({ turn }) => turn !== null);
      const turn = asked?.turn ?? null;
      const { method = "GET", headers } = request;
      requests.push({ method, path: call.path, headers, turn, body });
      if (!asked || turn === null) send(response, sideReply(call));
      else play(response, asked.api, call, failure === null ? script(turn) : { fail: failure });
    });
  });
  // Codex tries a WebSocket first; this says to go on over HTTP.
  server.on("upgrade", (_, socket) =>
    socket.end("HTTP/1.1 426 Upgrade Required\r\nconnection: close\r\n\r\n"),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, requests, failing: (failure) => `${url}/fail/${failure}`, close: () => close(server) };
}

function play(response: ServerResponse, api: Api, call: Call, step: Step): void {
  if (!("fail" in step)) send(response, api.answer(call, step));
  else if (step.fail === "drop") drop(response);
  else if (step.fail !== "hang") send(response, api.failure(step.fail));
}

function drop(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(": begun\n\n", () => response.destroy());
}

function sideReply(call: Call): Reply {
  if (call.path.endsWith("/count_tokens")) return json(200, { input_tokens: 1200 });
  if (call.path.endsWith(":countTokens")) return json(200, { totalTokens: 1200 });
  return ollama(call) ?? json(404, { error: { message: `the fake model server has no ${call.path}` } });
}

function callOf(
  request: IncomingMessage,
  body: unknown,
  number: number,
): { call: Call; failure: Failure | null } {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
  const [, name, rest] = /^\/fail\/([^/]+)(\/.*)?$/.exec(pathname) ?? [];
  const failure = FAILURES.find((one) => one === name) ?? null;
  return {
    call: { path: failure === null ? pathname : (rest ?? "/"), query: searchParams, body, number },
    failure,
  };
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString("utf8");
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
  response.writeHead(status, headers);
  response.end(body);
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
