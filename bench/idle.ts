/**
 * What does it cost to have the server stand by? Resident memory of ours (compiled, `agent-dispatch start` with a GitHub App, its
 * own folder and nothing else in its environment) over that of a bare Probot server with one app that does nothing.
 * Both are read when their memory has stopped moving; they are started in turn, several times, one at a time.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { pino } from "pino";
import { Probot, Server } from "probot";

const ROUNDS = 3;
const GOAL = 1.3;
const START_MS = 30_000;
/** Settled: this many readings in a row differ by less than 1 %. */
const READINGS = 8;
const EVERY_MS = 500;
const LONGEST_MS = 60_000;

type Side = "ours" | "bare";

async function compare(): Promise<void> {
  build();
  const bytes: Record<Side, number[]> = { ours: [], bare: [] };
  for (let n = 0; n < ROUNDS; n++) {
    for (const side of ["bare", "ours"] as const) bytes[side].push(await measure(side));
  }
  const [ours, bare] = [median(bytes.ours), median(bytes.bare)];
  console.log(`agent-dispatch, idle     ${(ours / 2 ** 20).toFixed(1)} MiB`);
  console.log(`bare Probot, idle        ${(bare / 2 ** 20).toFixed(1)} MiB`);
  console.log(`resident memory over that of a bare Probot server, median of ${ROUNDS}; goal ${GOAL} or less`);
  console.log(`idle ratio=${(ours / bare).toFixed(2)}`);
}

/** As it is published: Node's own stripping of types costs 26 MiB that no installed server pays. */
function build(): void {
  const root = join(import.meta.dirname, "..");
  execFileSync(
    process.execPath,
    [join(root, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.build.json"],
    { cwd: root },
  );
}

async function measure(side: Side): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "bench-idle-"));
  const port = await freePort();
  const child = launch(side, folder, port);
  try {
    await listening(child, port);
    return await settled(child.pid ?? 0);
  } finally {
    if (child.exitCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Only what the server needs is in its environment, and its folder holds no configuration of anyone's. */
function launch(side: Side, folder: string, port: number): ChildProcess {
  const root = join(import.meta.dirname, "..");
  const argv = side === "ours" ? [join(root, "dist/main.js"), "start"] : [import.meta.filename, "bare"];
  const env = {
    PATH: process.env.PATH ?? "",
    HOME: folder,
    NODE_ENV: "production",
    APP_ID: "1",
    PRIVATE_KEY: privateKey(),
    WEBHOOK_SECRET: "a webhook secret for the benchmark",
    DATA_DIR: folder,
    HOST: "127.0.0.1",
    PORT: String(port),
    LOG_LEVEL: "warn" as const,
  };
  return spawn(process.execPath, argv, { cwd: folder, env, stdio: ["ignore", "ignore", "inherit"] });
}

function privateKey(): string {
  return generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  }).privateKey;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Any answer will do: the bare server has no page of health. */
async function listening(child: ChildProcess, port: number): Promise<void> {
  const until = Date.now() + START_MS;
  while (Date.now() < until) {
    if (child.exitCode !== null)
      throw new Error(`the server ended with code ${child.exitCode} before it listened`);
    const response = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => null);
    if (response) return;
    await sleep(100);
  }
  throw new Error(`the server did not listen within ${START_MS} ms`);
}

async function settled(pid: number): Promise<number> {
  const readings: number[] = [];
  const until = Date.now() + LONGEST_MS;
  while (Date.now() < until) {
    readings.push(await residentBytes(pid));
    const last = readings.slice(-READINGS);
    const [least, most] = [Math.min(...last), Math.max(...last)];
    if (last.length === READINGS && most - least < most / 100) return most;
    await sleep(EVERY_MS);
  }
  throw new Error(`the server's memory did not settle within ${LONGEST_MS} ms`);
}

async function residentBytes(pid: number): Promise<number> {
  const file = `/proc/${pid}/status`;
  const kibibytes = existsSync(file)
    ? /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(file, "utf8"))?.[1]
    : (await execa("ps", ["-o", "rss=", "-p", String(pid)])).stdout.trim();
  if (!kibibytes) throw new Error(`reading the memory of process ${pid}: nothing was told`);
  return Number(kibibytes) * 1024;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function serveBare(): Promise<void> {
  const { APP_ID: appId, PRIVATE_KEY: key, WEBHOOK_SECRET: secret, HOST: host, PORT: port } = process.env;
  const log = pino({ level: "warn" });
  const server = new Server({
    host,
    port: Number(port),
    log,
    Probot: Probot.defaults({ appId, privateKey: key, secret, log }),
  });
  await server.load((app) => app.onAny(() => {}));
  await server.start();
}

if (process.argv[2] === "bare") await serveBare();
else await compare();
