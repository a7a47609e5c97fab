/** The real smee-client between a channel that behaves as smee.io and a real door, with the forges' real verifiers. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import type { ForgeConfig } from "../../src/config/config.ts";
import { createForgejoForge } from "../../src/forges/forgejo/forgejo-forge.ts";
import { createGithubForge } from "../../src/forges/github/github-forge.ts";
import { connectProxies } from "../../src/webhook/proxy.ts";
import { startLocalForgeWorld } from "../fakes/local-forge-world.ts";
import { openDoorstep } from "./doorstep.ts";

const SECRET = "a secret of sixteen or more";

interface Channel {
  readonly url: string;
  /** Connections that listen now. */
  readonly listeners: ReadonlySet<ServerResponse>;
  /** From now on; 200 is a channel that can be reached. */
  status: number;
}

/** As smee.io: `ready` and `ping` events, and what is posted goes to all who listen, its headers beside its body. */
async function openChannel(t: TestContext): Promise<Channel> {
  const listeners = new Set<ServerResponse>();
  let id = 0;
  const tell = (res: ServerResponse, event: string, data: object) =>
    res.write(`id: ${id++}\n${event && `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`);
  const server = createServer(async (req, res) => {
    if (channel.status !== 200) return res.writeHead(channel.status).end();
    if (req.method === "POST") {
      const { searchParams } = new URL(req.url ?? "/", channel.url);
      const query = Object.fromEntries(searchParams);
      const message = { ...req.headers, body: await json(req), query, timestamp: Date.now() };
      for (const listener of listeners) tell(listener, "", message);
      return res.end();
    }
    res.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
    listeners.add(res.on("close", () => listeners.delete(res)));
    tell(res, "ready", {});
    tell(res, "ping", {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/channel`;
  const channel: Channel = { url, listeners, status: 200 };
  return channel;
}

const github = (webhookProxy: string | null): ForgeConfig & { kind: "github" } => ({
  kind: "github",
  name: "github",
  baseUrl: null,
  auth: { as: "token", token: "t" },
  webhookSecret: SECRET,
  webhookProxy,
});

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await condition())) {
    assert.ok(Date.now() < end, `waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const noRequests = () => Promise.reject(new Error("nothing is asked of GitHub here"));

/** A local forge whose webhooks go to a channel, as GitHub's do to another, and a door that listens to both. */
async function open(t: TestContext, secret = SECRET) {
  const world = await startLocalForgeWorld();
  t.after(() => world.close());
  const [own, githubs] = [await openChannel(t), await openChannel(t)];
  world.setHook(own.url, secret);
  const forgejo = { ...world.forgeConfig(), webhookSecret: SECRET, webhookProxy: own.url };
  const forges = [
    createForgejoForge({ config: forgejo, now: Date.now }),
    createGithubForge({ config: github(githubs.url), auth: noRequests, now: Date.now }),
  ];
  const { port, store, logged } = await openDoorstep(t, { forges });
  const lines: string[] = [];
  const log = pino({ level: "info" }, { write: (line) => lines.push(line) });
  const proxies = connectProxies([forgejo, github(githubs.url)], `http://127.0.0.1:${port}`, log);
  t.after(() => proxies.close());
  await until(() => own.listeners.size + githubs.listeners.size === 2, "both connections");
  /** What became of the deliveries, once the door has answered this many. */
  const answered = async (count: number) => {
    await until(async () => (await store.nextDeliveries(10)).length + logged.length === count, "answers");
    return { taken: await store.nextDeliveries(10), refused: logged.map(({ status }) => status) };
  };
  return { world, own, githubs, lines, proxies, answered };
}

test("a delivery that the local forge signed is taken through a channel, whatever its text", async (t) => {
  const { world, answered } = await open(t);
  const repo = await world.createRepo({ owner: "acme", name: "app", files: { a: "a" } });
  const issue = await world.openIssue(repo, { by: "acme", title: "A <b> & c", body: "\u2028é\n\t\"'" });
  await world.comment(repo, issue, "acme", "/dispatch codex <now> && \\ then");
  const { taken, refused } = await answered(world.deliveries().length);
  assert.deepEqual(refused, []);
  assert.equal(taken.length, 2);
  assert.match(taken[1]?.body ?? "", /"body":"\/dispatch codex <now> && \\\\ then"/);
});

test("a delivery signed as GitHub signs is taken through a channel", async (t) => {
  const { githubs, answered } = await open(t);
  const body = JSON.stringify({ action: "created", comment: { body: "/dispatch <b> é" } });
  const headers = {
    "content-type": "application/json",
    "x-github-delivery": "d1",
    "x-github-event": "issue_comment",
    "x-hub-signature-256": `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`,
  };
  await fetch(githubs.url, { method: "POST", headers, body });
  const { taken, refused } = await answered(1);
  assert.deepEqual(refused, []);
  assert.deepEqual(
    taken.map(({ id, forge, event, body: text }) => [id, forge, event, text]),
    [["d1", "github", "issue_comment", body]],
  );
});

test("a channel opens no door to another's signature", async (t) => {
  const { world, answered } = await open(t, "another secret of sixteen");
  const repo = await world.createRepo({ owner: "acme", name: "app", files: { a: "a" } });
  await world.openIssue(repo, { by: "acme", title: "Issue", body: "" });
  assert.deepEqual(await answered(1), { taken: [], refused: [401] });
});

test("close ends the connections, and nothing is connected again", async (t) => {
  const { own, githubs, lines, proxies } = await open(t);
  const said = lines.length;
  proxies.close();
  await until(() => own.listeners.size + githubs.listeners.size === 0, "the ends");
  assert.deepEqual(lines.slice(said), []);
});

test("a channel that can not be reached is said once, asked for again, and used when it is there", async (t) => {
  const channel = await openChannel(t);
  channel.status = 503;
  const lines: string[] = [];
  const log = pino({ level: "info" }, { write: (line) => lines.push(JSON.parse(line).msg) });
  const proxies = connectProxies([github(channel.url)], "http://127.0.0.1:9", log, 5);
  t.after(() => proxies.close());
  await until(() => lines.length === 1, "the word");
  assert.match(lines[0] ?? "", /^forge github: reaching http:.*: Non-200 status code \(503\); trying again/);
  channel.status = 200;
  await until(() => channel.listeners.size === 1 && lines.length === 2, "the connection");
  assert.match(lines[1] ?? "", /^forge github: deliveries of .* are passed on to .*\/api\/webhooks\/github$/);
});

test("no network at all is said too, and so is a door that can not be reached", async (t) => {
  const channel = await openChannel(t);
  const lines: string[] = [];
  const log = pino({ level: "info" }, { write: (line) => lines.push(JSON.parse(line).msg) });
  const closed = await closedPort();
  const nowhere = { ...github(`http://127.0.0.1:${closed}/channel`), name: "nowhere" };
  const proxies = connectProxies([nowhere, github(channel.url)], `http://127.0.0.1:${closed}`, log);
  t.after(() => proxies.close());
  await until(() => lines.length === 2, "both words");
  assert.ok(lines.some((line) => /^forge nowhere: reaching .*ECONNREFUSED.*; trying again/.test(line)));
  await fetch(channel.url, { method: "POST", body: "{}" });
  await until(() => lines.length === 3, "the third");
  assert.match(lines[2] ?? "", /^forge github: passing a delivery on to .*\/github: .*ECONNREFUSED/);
});

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
