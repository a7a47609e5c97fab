/** A proxy in this process, and servers for it to reach: for what needs no process of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  request as startRequest,
} from "node:http";
import { type AddressInfo, connect, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { TestContext } from "node:test";
import type { Resolve } from "../../src/egress/dial.ts";
import { createJournal, readJournal, type Told } from "../../src/egress/journal.ts";
import type { Policy } from "../../src/egress/policy.ts";
import { createProxy } from "../../src/egress/proxy.ts";

export const KEY = "sk-the-real-key-0123456789";
export const TOKEN = "run-token-of-this-run-0123456789";
export const NO_OUTER = { http: null, https: null, except: "" };

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Stage {
  readonly port: number;
  told(): Told;
  /** An HTTP request to the proxy, `path` as it stands in the request line. */
  ask(path: string, options?: AskOptions): Promise<Answer>;
  /** The answer's head, and the connection behind it. */
  connect(place: string): Promise<{ readonly head: string; readonly socket: Socket }>;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export async function openProxy(t: TestContext, policy: Partial<Policy>, resolve?: Resolve): Promise<Stage> {
  const dir = mkdtempSync(join(tmpdir(), "proxy-"));
  const file = join(dir, "journal.jsonl");
  const journal = createJournal(file);
  const whole = { allow: [], provider: null, outer: NO_OUTER, lifeMs: 1, ...policy };
  const port = await listen(t, createProxy(whole, journal, resolve));
  t.after(() => rmSync(dir, { recursive: true }));
  return {
    port,
    told: () => readJournal(file),
    ask: (path, options = {}) => ask(port, path, options),
    connect: (place) => open(t, port, `CONNECT ${place} HTTP/1.1\r\nhost: ${place}\r\n\r\n`),
  };
}

/** Whatever still hangs on it is cut off at the test's end. */
export async function listen(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
  t.after(async () => {
    const closed = new Promise((settle) => server.close(settle));
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  return (server.address() as AddressInfo).port;
}

export async function serve(t: TestContext, answer: RequestListener): Promise<string> {
  return `127.0.0.1:${await listen(t, createServer(answer))}`;
}

export async function ask(
  port: number,
  path: string,
  { method = "GET", headers = {}, body = "" }: AskOptions,
): Promise<Answer> {
  const asked = startRequest({ host: "127.0.0.1", port, path, method, headers, agent: false });
  asked.end(body);
  const answer = await new Promise<IncomingMessage>((settle, reject) =>
    asked.on("response", settle).on("error", reject),
  );
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await text(answer) };
}

export async function open(t: TestContext, port: number, words: string) {
  const socket = connect(port, "127.0.0.1");
  t.after(() => socket.destroy());
  socket.write(words);
  let head = "";
  while (!head.includes("\r\n\r\n")) {
    const [chunk] = (await Promise.race([
      new Promise((settle) => socket.once("data", (data) => settle([data]))),
      new Promise((settle) => socket.once("close", () => settle([null]))),
    ])) as [Buffer | null];
    if (chunk === null) break;
    head += chunk.toString("latin1");
  }
  socket.pause();
  return { head, socket };
}

/** Answers for names, in order; the last one for ever. */
export function names(table: Readonly<Record<string, readonly string[]>>) {
  const asked: string[] = [];
  const resolve: Resolve = (name, _, done) => {
    const answers = table[name];
    asked.push(name);
    const address = answers?.[Math.min(asked.filter((one) => one === name).length, answers.length) - 1];
    if (address === undefined) done(new Error(`getaddrinfo ENOTFOUND ${name}`), []);
    else done(null, [{ address, family: address.includes(":") ? 6 : 4 }]);
  };
  return { resolve, asked };
}
