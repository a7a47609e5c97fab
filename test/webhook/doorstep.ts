/** A real HTTP server with the door behind it, a real store on disk, and requests as forges and others send them. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders, request } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { pino } from "pino";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../../src/store/store.ts";
import { createWebhookDoor, type Door, type DoorOptions } from "../../src/webhook/door.ts";
import { FakeForge } from "../fakes/forge.ts";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Doorstep {
  readonly port: number;
  readonly store: Store;
  readonly github: FakeForge;
  readonly codeberg: FakeForge;
  readonly logged: { readonly [key: string]: unknown }[];
  /** Sends as the forge would; `headers` replaces some of them (undefined leaves one out). */
  knock(body: string | Buffer, more?: Knock): Promise<Answer>;
}

export interface Knock {
  readonly path?: string;
  readonly method?: string;
  readonly id?: string;
  readonly forge?: FakeForge;
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

export const BODY = JSON.stringify({ action: "created", comment: { body: "/dispatch ✓" } });

/** Serves handlers one after the other, as Probot's server does. */
export async function serve(t: TestContext, ...handlers: readonly Door[]): Promise<number> {
  const server = createServer(async (req, res) => {
    for (const handler of handlers) if (await handler(req, res)) return;
    res.writeHead(404).end("not ours");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

export async function openDoorstep(t: TestContext, more: Partial<DoorOptions> = {}): Promise<Doorstep> {
  const dir = await mkdtemp(join(tmpdir(), "door-"));
  const store = await openSqliteStore({ file: join(dir, "store.db"), now: () => 1_000, newId: () => "id" });
  t.after(async () => {
    await store.close();
    await rm(dir, { recursive: true });
  });
  const [github, codeberg] = [new FakeForge("github", "github"), new FakeForge("codeberg")];
  const logged: Doorstep["logged"] = [];
  const log = pino({ level: "info" }, { write: (line) => logged.push(JSON.parse(line)) });
  const options = {
    forges: [github, codeberg],
    store,
    now: () => 1_000,
    log,
    maxBytes: 25 * 2 ** 20,
    maxBytesInAll: 128 * 2 ** 20,
    bodyMs: 10_000,
  };
  const port = await serve(t, createWebhookDoor({ ...options, ...more }));
  const knock = (body: string | Buffer, how: Knock = {}) => send(port, body, { forge: github, ...how });
  return { port, store, github, codeberg, logged, knock };
}

async function send(port: number, body: string | Buffer, how: Knock & { forge: FakeForge }): Promise<Answer> {
  const headers = Object.entries({ ...signed(how.forge, body, how.id), ...how.headers }).flatMap(
    ([name, value]) => (value === undefined ? [] : [[name, value]]),
  );
  const path = how.path ?? `/api/webhooks/${how.forge.name}`;
  const req = request({
    host: "127.0.0.1",
    port,
    path,
    method: how.method ?? "POST",
    headers: Object.fromEntries(headers),
  });
  // The server may close while the rest of a refused body is on its way; the answer is what counts.
  req.on("error", () => {});
  req.end(body);
  const [res] = await once(req, "response");
  const chunks: Buffer[] = [];
  for await (const chunk of res) chunks.push(chunk);
  return { status: res.statusCode, headers: res.headers, body: Buffer.concat(chunks).toString() };
}

export function signed(forge: FakeForge, body: string | Buffer, id = "d1"): Record<string, string> {
  return {
    "content-type": "application/json",
    "x-github-delivery": id,
    "x-github-event": "issue_comment",
    "x-hub-signature-256": forge.sign(body),
  };
}

/** A bare connection, to send what no HTTP client would. Resolves with everything the server said until it closed. */
export function bare(
  port: number,
  head: string,
): { readonly socket: Socket; readonly said: Promise<string> } {
  const socket = connect(port, "127.0.0.1");
  let said = "";
  socket.on("data", (chunk) => {
    said += chunk;
  });
  socket.on("error", () => {});
  socket.write(head);
  return { socket, said: once(socket, "close").then(() => said) };
}
