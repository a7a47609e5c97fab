/**
 * What does durability cost at the webhook door? Our server (Probot's, with our door: signature, inbox on disk by a
 * durable commit, then 202) against a bare Probot app with a handler that does nothing and keeps nothing. Each round in a
 * process of its own; rounds alternate, so that both see the same machine; one client of 32 kept connections sends
 * the same ~10 KB `issue_comment`, each under a new delivery id. Working the inbox off is not part of it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createHmac, generateKeyPairSync, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { pino } from "pino";
import { Probot, Server } from "probot";
import { createGithubForge } from "../src/forges/github/github-forge.ts";
import { GithubOctokit } from "../src/forges/github/octokit.ts";
import { openSqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { createWebhookDoor } from "../src/webhook/door.ts";
import { createServer } from "../src/webhook/server.ts";

const SECRET = "a webhook secret for the benchmark";
const CONNECTIONS = 32;
const ROUNDS = 7;
const ROUND_MS = 2_000;
const GOAL = 0.8;
const PATH = "/api/github/webhooks";

type Side = "ours" | "bare";

interface Round {
  readonly perSecond: number;
  readonly p99Ms: number;
}

async function compare(): Promise<void> {
  const rounds: Record<Side, Round[]> = { ours: [], bare: [] };
  for (let n = 0; n < ROUNDS; n++) {
    const order: readonly Side[] = n % 2 === 0 ? ["ours", "bare"] : ["bare", "ours"];
    for (const side of order) rounds[side].push(await serveRound(side));
  }
  report(rounds);
}

/** A new process, warmed up, and for ours an empty inbox: in service it is emptied as it is worked off. */
async function serveRound(side: Side): Promise<Round> {
  const folder = mkdtempSync(join(tmpdir(), "bench-ack-"));
  const child = launch(side, join(folder, "store.db"));
  try {
    const port = await portOf(child);
    await round(port, ROUND_MS / 2);
    return await round(port, ROUND_MS);
  } finally {
    child.kill("SIGKILL");
    await once(child, "exit");
    rmSync(folder, { recursive: true, force: true });
  }
}

function report(rounds: Record<Side, Round[]>): void {
  const told = { ours: "agent-dispatch, durable", bare: "bare Probot, nothing kept" };
  for (const side of ["ours", "bare"] as const) {
    const perSecond = median(rounds[side].map((one) => one.perSecond));
    const p99 = median(rounds[side].map((one) => one.p99Ms));
    console.log(
      `${told[side].padEnd(26)} ${perSecond.toFixed(0).padStart(6)} acknowledgements/s   p99 ${p99.toFixed(1)} ms`,
    );
  }
  const ratio = median(rounds.ours.map((one, n) => one.perSecond / (rounds.bare[n]?.perSecond ?? 1)));
  console.log(
    `durable acknowledgements/s over those of a bare Probot app, median of ${ROUNDS} pairs; goal ${GOAL} or more`,
  );
  console.log(`ack ratio=${ratio.toFixed(2)}`);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Every connection sends its next request when the last one is answered. */
async function round(port: number, ms: number): Promise<Round> {
  const times: number[] = [];
  const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, () => open(port)));
  const start = performance.now();
  const until = start + ms;
  await Promise.all(sockets.map((socket) => converse(socket, until, times)));
  const seconds = (performance.now() - start) / 1000;
  for (const socket of sockets) socket.destroy();
  times.sort((a, b) => a - b);
  return { perSecond: times.length / seconds, p99Ms: times[Math.floor(times.length * 0.99)] ?? Number.NaN };
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  return socket;
}

/** A client as thin as can be, so that it does not hold back the servers: one write, one read, one check. */
function converse(socket: Socket, until: number, times: number[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let sentAt = 0;
  let answer = "";
  const send = () => {
    sentAt = performance.now();
    if (sentAt >= until) return resolve();
    socket.write(request());
  };
  socket.on("error", reject).on("close", () => reject(new Error("the server closed the connection")));
  socket.on("data", (chunk) => {
    answer += chunk.toString("latin1");
    const end = answer.indexOf("\r\n\r\n");
    const length = /content-length: (\d+)/i.exec(answer)?.[1];
    if (end < 0 || answer.length < end + 4 + Number(length ?? 0)) return;
    if (!/^HTTP\/1\.1 20[02] /.test(answer))
      return reject(new Error(`the server answered ${answer.slice(0, 80)}`));
    times.push(performance.now() - sentAt);
    answer = "";
    send();
  });
  send();
  return promise;
}

/** As GitHub sends it. The body is the same each time, so its signature is too; the id is new. */
function request(): string {
  return `${HEAD}x-github-delivery: ${randomUUID()}\r\n\r\n${BODY}`;
}

function payload(): unknown {
  const user = (login: string, id: number) => ({ login, id, type: "User", ...links(`users/${login}`, 12) });
  const repo = "repos/acme/shop";
  return {
    action: "created",
    issue: {
      number: 15,
      title: "Prices are rounded wrongly",
      body: "word ".repeat(300),
      user: user("alice", 2),
      labels: [],
      ...links(`${repo}/issues/15`, 6),
    },
    comment: {
      id: 90,
      body: "/dispatch codex please look at this",
      user: user("bob", 3),
      ...links(`${repo}/issues/comments/90`, 3),
    },
    repository: {
      id: 1,
      name: "shop",
      full_name: "acme/shop",
      owner: user("acme", 1),
      default_branch: "main",
      ...links(repo, 40),
    },
    installation: { id: 7 },
    sender: user("bob", 3),
  };
}

/** GitHub's payloads are mostly addresses. */
function links(path: string, count: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [
      `relation_${n}_url`,
      `https://api.github.com/${path}/relation_${n}{/id}`,
    ]),
  );
}

function launch(side: Side, ...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [import.meta.filename, side, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function portOf(child: ChildProcess): Promise<number> {
  if (!child.stdout) throw new Error("the server has no output to read its port from");
  const [line] = await Promise.race([once(child.stdout, "data"), once(child, "exit").then(() => [""])]);
  const port = Number(String(line));
  if (!port) throw new Error("the server ended before it listened");
  return port;
}

function settings() {
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return { privateKey, log: pino({ level: "warn" }, pino.destination(2)) };
}

async function serveOurs(file: string): Promise<void> {
  const { privateKey, log } = settings();
  const config = {
    kind: "github",
    name: "github",
    baseUrl: null,
    auth: { as: "app", appId: 1, privateKey },
    webhookSecret: SECRET,
    webhookProxy: null,
  } as const;
  const now = () => Date.now();
  const auth = () => Promise.reject(new Error("nothing asks the forge here"));
  const forges = [createGithubForge({ config, auth, now })];
  const store = await openSqliteStore({ file, now, newId: randomUUID });
  const door = createWebhookDoor({
    forges,
    store,
    now,
    log,
    maxBytes: 25 * 2 ** 20,
    maxBytesInAll: 128 * 2 ** 20,
    bodyMs: 10_000,
  });
  const server = await createServer(
    { host: "127.0.0.1", port: 0, log, github: config, Octokit: GithubOctokit },
    (_app, { addHandler }) => addHandler(door),
  );
  await server.start();
  console.log(server.port);
}

async function serveBare(): Promise<void> {
  const { privateKey, log } = settings();
  const server = new Server({
    host: "127.0.0.1",
    // Probot takes the number 0 for "not given".
    port: "0" as unknown as number,
    log,
    Probot: Probot.defaults({ appId: 1, privateKey, secret: SECRET, log }),
  });
  await server.load((app) => app.onAny(() => {}));
  await server.start();
  console.log(server.port);
}

const BODY = JSON.stringify(payload());
const HEAD = [
  `POST ${PATH} HTTP/1.1`,
  "host: 127.0.0.1",
  "user-agent: GitHub-Hookshot/0000000",
  "content-type: application/json",
  `content-length: ${Buffer.byteLength(BODY)}`,
  "x-github-event: issue_comment",
  "x-github-hook-id: 1",
  `x-hub-signature-256: sha256=${createHmac("sha256", SECRET).update(BODY).digest("hex")}`,
  "",
].join("\r\n");

const role = process.argv[2];
if (role === "ours") await serveOurs(process.argv[3] ?? "");
else if (role === "bare") await serveBare();
else await compare();
