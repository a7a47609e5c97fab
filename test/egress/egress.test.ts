/** The proxy as a process of its own: its life beside a bot that comes and goes. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { type IncomingMessage, request as startRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createEgress } from "../../src/egress/egress.ts";
import { KEY, NO_OUTER, serve } from "./stage.ts";

const RUN = { runId: "run-1", attempt: 2 };
const REQUEST = { ...RUN, allow: [], provider: null, lifeMs: 600_000 };

function place(t: TestContext, name = "egress-") {
  const root = mkdtempSync(join(tmpdir(), name));
  const dir = join(root, "egress");
  const egress = createEgress({ dir, env: {}, outer: NO_OUTER });
  t.after(async () => {
    for (const run of egress.list()) await egress.remove(run);
    rmSync(root, { recursive: true, force: true });
  });
  return { dir, egress };
}

async function ask(folder: string, path: string, headers: Record<string, string> = {}) {
  const asked = startRequest({ socketPath: join(folder, "proxy.sock"), path, headers, agent: false });
  asked.end();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  return { status: answer.statusCode, body: await text(answer) };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(20);
}

test("a run's proxy works, and its key is in no file, argument or environment", async (t) => {
  const seen: (string | undefined)[] = [];
  const provider = await serve(t, (request, response) => {
    seen.push(request.headers.authorization);
    response.end("ok");
  });
  const { dir, egress } = place(t);
  const key = { header: "authorization", value: KEY } as const;
  const way = await egress.open({ ...REQUEST, provider: { baseUrl: `http://${provider}`, key } });
  assert.equal(way.endpoint?.url, "http://127.0.0.1:17171/provider");
  const headers = { authorization: `Bearer ${way.endpoint?.token}` };
  assert.equal((await ask(way.folder, "/provider/models", headers)).body, "ok");
  assert.deepEqual(seen, [`Bearer ${KEY}`]);
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true }))
    if (entry.isFile())
      assert.ok(!readFileSync(join(entry.parentPath, entry.name)).includes(KEY), entry.name);
  const pid = await proxyOf(way.folder);
  for (const file of ["cmdline", "environ"]) assert.ok(!readFileSync(`/proc/${pid}/${file}`).includes(KEY));
});

/** Who listens on the socket of a folder, by the kernel's own word. */
async function proxyOf(folder: string): Promise<number> {
  const cwd = join(folder, "..");
  const found = readdirSync("/proc").find((pid) => linkOf(`/proc/${pid}/cwd`) === cwd);
  assert.ok(found, `no process works in ${cwd}`);
  return Number(found);
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

test("what a run sees is readable for every user, and stands in a folder that only the bot may enter", async (t) => {
  const { dir, egress } = place(t);
  const { folder } = await egress.open(REQUEST);
  const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
  assert.deepEqual(readdirSync(folder).sort(), ["proxy.sock", "relay.mjs"]);
  assert.deepEqual([folder, join(folder, "proxy.sock"), join(folder, "relay.mjs")].map(mode), [
    "755",
    "666",
    "644",
  ]);
  const own = join(dir, "run-1.2");
  assert.equal(mode(own), "700");
  assert.equal(mode(join(own, "control.sock")), "600");
});

test("each run has a token of its own, known to the bot in its next life, and gone with the run", async (t) => {
  const { dir, egress } = place(t);
  const first = await egress.open({ ...REQUEST, provider: { baseUrl: "http://127.0.0.1:9", key: null } });
  const second = await egress.open({ ...REQUEST, ...{ runId: "run-2" }, provider: null });
  assert.equal(second.endpoint, null);
  const known = Object.values(egress.tokens());
  assert.equal(new Set(known).size, 2);
  assert.ok(known.includes(first.endpoint?.token ?? ""));
  const next = createEgress({ dir, env: {}, outer: NO_OUTER });
  assert.deepEqual(next.tokens(), egress.tokens());
  assert.deepEqual(next.list(), egress.list());
  await next.remove(RUN);
  assert.equal(Object.keys(createEgress({ dir, env: {}, outer: NO_OUTER }).tokens()).length, 1);
});

test("told to end, it is gone with its sockets; its journal stays until the run is removed", async (t) => {
  const { dir, egress } = place(t);
  const { folder } = await egress.open(REQUEST);
  assert.equal((await ask(folder, "http://evil.example/")).status, 403);
  assert.equal((await ask(folder, "http://evil.example/")).status, 403);
  assert.equal((await ask(folder, "http://evil.example/")).status, 403);
  const pid = await proxyOf(folder);
  await egress.end(RUN);
  await until(() => !isAlive(pid));
  assert.deepEqual(readdirSync(folder), ["relay.mjs"]);
  assert.deepEqual(egress.told(RUN), { relayCame: false, blocked: [{ host: "evil.example:80", count: 3 }] });
  await egress.end(RUN);
  await egress.remove(RUN);
  await egress.remove(RUN);
  assert.deepEqual(readdirSync(dir), []);
  assert.equal(egress.told(RUN), null);
});

test("a new one takes the place of an earlier one of the same attempt", async (t) => {
  const { egress } = place(t);
  const { folder } = await egress.open(REQUEST);
  const before = await proxyOf(folder);
  await egress.open(REQUEST);
  await until(() => !isAlive(before));
  assert.equal((await ask(folder, "/relay-came")).status, 204);
});

test("it ends by itself when its time is up, and when its folder is gone", async (t) => {
  const { dir, egress } = place(t);
  const short = await egress.open({ ...REQUEST, lifeMs: 1 });
  await until(() => !existsSync(join(short.folder, "proxy.sock")));
  const { folder } = await egress.open({ ...REQUEST, runId: "run-2" });
  const pid = await proxyOf(folder);
  rmSync(dir, { recursive: true });
  await until(() => !isAlive(pid));
});

test("it outlives a bot that is killed, and the next one finds it by its folder", async (t) => {
  const { dir, egress } = place(t);
  const bot = spawn(
    process.execPath,
    [join(import.meta.dirname, "bot-that-dies.ts"), dir, JSON.stringify(REQUEST)],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const folder = await firstLine(bot);
  const pid = await proxyOf(folder);
  bot.kill("SIGKILL");
  await once(bot, "exit");
  assert.equal((await ask(folder, "/relay-came")).status, 204);
  assert.equal(egress.told(RUN)?.relayCame, true);
  assert.deepEqual(egress.list(), [RUN]);
  await egress.remove(RUN);
  await until(() => !isAlive(pid));
  assert.deepEqual(readdirSync(dir), []);
});

test("a folder with a long path is no hindrance", async (t) => {
  const { egress } = place(t, `egress-${"long".repeat(40)}-`);
  const { folder } = await egress.open(REQUEST);
  const pid = await proxyOf(folder);
  await egress.remove(RUN);
  await until(() => !isAlive(pid));
});

test("one that can not be started is a refusal that says what to do, and leaves nothing", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "egress-"));
  t.after(() => rmSync(root, { recursive: true }));
  const egress = createEgress({
    dir: join(root, "file"),
    env: { NODE_OPTIONS: "--nonsense" },
    outer: NO_OUTER,
  });
  await assert.rejects(egress.open(REQUEST), (error: Error & { fix?: string }) => {
    assert.match(error.message, /opening the way to the network: its proxy did not start/);
    assert.match(error.fix ?? "", /DATA_DIR/);
    return true;
  });
  assert.deepEqual(egress.list(), []);
});

async function firstLine(child: ChildProcess): Promise<string> {
  const [said] = await once(child.stdout!, "data");
  return String(said).trim();
}

function isAlive(pid: number): boolean {
  try {
    // A zombie that nobody reaps is no life.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
