/**
 * The proxy of one run: HTTP on one connection after the other, in the three ways a program asks a proxy. CONNECT for
 * what is encrypted from end to end, a whole address for plain HTTP, and below ENDPOINT_PATH the model's provider.
 * It answers within the run's own network only, through the relay.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type Duplex, pipeline } from "node:stream";
import { messageOf } from "../model/errors.ts";
import { createDial, type Dial, Forbidden, type Resolve } from "./dial.ts";
import { endToEnd, forward, without } from "./forward.ts";
import type { Journal } from "./journal.ts";
import { proofFor } from "./outer.ts";
import { createJudge, type Judge, type Policy, type Target, targetOf } from "./policy.ts";
import { createProvider } from "./provider.ts";
import { notAllowed, refusal, refuse } from "./refuse.ts";
import { ENDPOINT_PATH, RELAY_CAME, RELAY_PORT } from "./wrap.ts";

interface Tools {
  readonly judge: Judge;
  readonly dial: Dial;
  readonly journal: Journal;
  readonly provider: ReturnType<typeof createProvider> | null;
}

/** More at once than any tool opens; a run that opens more waits. */
const MOST_CONNECTIONS = 512;

/** Not listening yet. */
export function createProxy(policy: Policy, journal: Journal, resolve?: Resolve): Server {
  const dial = createDial({ outer: policy.outer, ...(resolve && { resolve }) });
  const tools: Tools = {
    judge: createJudge(policy.allow),
    dial,
    journal,
    provider: policy.provider && createProvider(policy.provider, dial),
  };
  // A model may think for as long as it likes.
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 }, (request, response) => {
    answer(request, response, tools).catch((error: unknown) => refuseFor(error, request, response, tools));
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.on("connect", (request: IncomingMessage, client: Duplex, head: Buffer) => {
    client.on("error", () => {});
    void tunnel(request, client as Socket, head, tools, server);
  });
  // No provider's key is lent to a connection that nobody reads along: who can not do without is told to.
  server.on("upgrade", (_request, client: Duplex) => {
    client.on("error", () => {});
    client.end(refusal(426, "Upgrade Required", "only plain HTTP is passed on"));
  });
  return server;
}

async function answer(request: IncomingMessage, response: ServerResponse, tools: Tools): Promise<void> {
  const url = request.url ?? "";
  if (request.method === "TRACE") return refuse(response, 405, "TRACE is not passed on");
  const own = pathHere(url);
  if (own === null) return await passOn(request, response, tools);
  if (own === RELAY_CAME) {
    tools.journal.relayCame();
    response.writeHead(204, { connection: "close" }).end();
    return;
  }
  const path = own.slice(ENDPOINT_PATH.length);
  if (!own.startsWith(ENDPOINT_PATH) || !/^($|[/?])/.test(path))
    return refuse(response, 404, "nothing is here");
  if (tools.provider === null) return refuse(response, 404, "this run has no provider's endpoint");
  await tools.provider(request, response, path);
}

/** The path on this very proxy that is asked for, also by programs that ask it by its whole address; else null. */
function pathHere(url: string): string | null {
  if (url.startsWith("/")) return url;
  const [, place, path] = /^http:\/\/([^/?#]*)(.*)$/i.exec(url) ?? [];
  return place !== undefined && isHere(targetOf(place, 80)) ? path || "/" : null;
}

/** As programs within the run see it: some ask their proxy even for what is on their own machine. */
function isHere(target: Target | null): boolean {
  return target?.port === RELAY_PORT && ["127.0.0.1", "localhost"].includes(target.host);
}

async function passOn(request: IncomingMessage, response: ServerResponse, tools: Tools): Promise<void> {
  const [, place = "", rest = ""] = /^http:\/\/([^/?#]*)([^#]*)/i.exec(request.url ?? "") ?? [];
  const target = targetOf(place, 80);
  if (target === null) return refuse(response, 400, "ask for http://host/path, or CONNECT host:port");
  const verdict = tools.judge(target);
  if (verdict === "no") throw new Forbidden(nameOf(target));
  const { socket, outer } = await tools.dial(target, verdict === "private", "speak");
  const path = rest.startsWith("/") ? rest : `/${rest}`;
  const headers = [...without(endToEnd(request), ["host"]), "host", place, ...proofFor(outer)];
  await forward(request, response, {
    socket,
    path: outer === null ? path : `http://${place}${path}`,
    headers,
    secret: null,
  });
}

async function tunnel(
  request: IncomingMessage,
  client: Socket,
  head: Buffer,
  { judge, dial, journal }: Tools,
  server: Server,
): Promise<void> {
  const target = targetOf(request.url ?? "", 443);
  if (target === null) return void client.end(refusal(400, "Bad Request", "that is no host:port"));
  if (isHere(target)) {
    client.write("HTTP/1.1 200 OK\r\n\r\n");
    if (head.length > 0) client.unshift(head);
    server.emit("connection", client);
    return;
  }
  try {
    const verdict = judge(target);
    if (verdict === "no") throw new Forbidden(nameOf(target));
    const { socket } = await dial(target, verdict === "private", "tunnel");
    client.write("HTTP/1.1 200 OK\r\n\r\n");
    if (head.length > 0) socket.write(head);
    pipeline(client, socket, client, () => socket.destroy());
  } catch (error) {
    if (error instanceof Forbidden) {
      journal.blocked(nameOf(target));
      client.end(refusal(403, "Forbidden", notAllowed(nameOf(target))));
    } else client.end(refusal(502, "Bad Gateway", `${nameOf(target)} was not reached: ${messageOf(error)}`));
  }
}

function refuseFor(
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  { journal }: Tools,
): void {
  if (!(error instanceof Forbidden)) {
    refuse(response, 502, `it was not reached: ${messageOf(error)}`);
    return;
  }
  const target = targetOf(/^http:\/\/([^/?#]*)/i.exec(request.url ?? "")?.[1] ?? "", 80);
  const place = target === null ? "that place" : nameOf(target);
  journal.blocked(place);
  refuse(response, 403, notAllowed(place));
}

function nameOf({ host, port }: Target): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
