/** The bot's death is no concern of the agent: it goes on, and the next bot reads its output and its end. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { OutputReader } from "../../../src/agents/agent.ts";
import { linuxProcesses } from "../../../src/runtimes/native/linux.ts";
import { createNativeRuntime } from "../../../src/runtimes/native/native.ts";
import type { RunHandle, StartSpec } from "../../../src/runtimes/runtime.ts";
import { supervise } from "../../../src/supervisor/supervise.ts";

const NATIVE = new URL("../../../src/runtimes/native/native.ts", import.meta.url).href;
/** A bot that starts one agent, tells its handle, and waits to be killed. */
const BOT = `import { createNativeRuntime } from ${JSON.stringify(NATIVE)};
const { records, spec } = JSON.parse(process.argv[1]);
const handle = await createNativeRuntime({ now: Date.now, records }).start(spec);
process.stdout.write(JSON.stringify(handle));
setInterval(() => {}, 1000);`;

const READER: OutputReader = {
  line: () => [],
  end: (code) => ({
    ok: code === 0,
    failure: null,
    cause: null,
    resetsAt: null,
    lastMessage: null,
    session: null,
    usage: null,
  }),
};

async function bench(t: TestContext, sh: string) {
  const root = await mkdtemp(join(tmpdir(), "native-adopt-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  const folder = (part: string) => join(root, part);
  const folders = {
    checkout: folder("repo"),
    meta: folder("meta"),
    home: folder("home"),
    logs: folder("logs"),
  };
  await mkdir(folders.checkout);
  const spec: StartSpec = {
    runId: `adopt-${process.pid}`,
    attempt: 2,
    argv: ["sh", "-c", sh],
    env: { PATH: "/usr/bin:/bin" },
    stdin: "the prompt\n",
    folders,
    limits: { memoryBytes: null, cpus: null, pids: null },
    image: null,
    gpu: false,
    network: "open",
    visible: [],
    confined: false,
  };
  const runtime = createNativeRuntime({ now: Date.now, records: folder("records") });
  return { root, spec, runtime, records: folder("records"), folders };
}

async function startedByAnother(records: string, spec: StartSpec): Promise<RunHandle> {
  const argument = JSON.stringify({ records, spec });
  const bot = spawn(process.execPath, ["--input-type=module", "-e", BOT, argument], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [told] = await once(bot.stdout, "data");
  bot.kill("SIGKILL");
  await once(bot, "close");
  return JSON.parse(String(told));
}

test("an agent outlives a bot killed outright, and the next bot learns its output and exit code", async (t) => {
  const { root, spec, runtime, records } = await bench(
    t,
    "cat; while [ ! -e ../go ]; do sleep 0.02; done; echo done; exit 137",
  );
  const handle = await startedByAnother(records, spec);
  t.after(() => runtime.remove(handle));
  assert.deepEqual(await runtime.list(), [handle]);
  const end = runtime.wait(handle);
  await writeFile(join(root, "go"), "");
  const { endedAt: _, ...exit } = await end;
  assert.deepEqual(exit, { code: 137, signal: null, outOfMemory: false });
  const printed: Buffer[] = [];
  for await (const { data } of runtime.logs(handle, AbortSignal.timeout(5_000))) printed.push(data);
  assert.equal(Buffer.concat(printed).toString(), "the prompt\ndone\n");
});

test("the end of an agent that nobody watched is told as of when it was, the bot's own clock ahead or not", async (t) => {
  const { spec, records, folders } = await bench(t, "echo done; exit 0");
  const from = Date.now();
  const handle = await startedByAnother(records, spec);
  const now = () => Date.now() + 7_200_000;
  const runtime = createNativeRuntime({ now, records });
  t.after(() => runtime.remove(handle));
  while (!(await runtime.ended(handle))) await setImmediate();
  const ended = new Date(from + 1_000);
  await utimes(join(folders.logs, "exit.2.raw"), ended, ended);
  const limits = { totalMs: 3_600_000, idleMs: 60_000, graceMs: 10, outputBytes: 1e6 };
  const never = new AbortController().signal;
  const signals = { cancelled: never, lost: never, left: never };
  const log = { write() {}, tail: () => [], close() {} };
  const clock = {
    startedAt: from,
    watchDisk: () => () => {},
    startedTick: 0,
    ticks: () => 7_200_000,
    adopted: true,
  };
  const request = { runtime, handle, reader: READER, log, limits, ...clock, ...signals };
  const supervised = await supervise({ ...request, onEvent() {} });
  assert.deepEqual([supervised.ended, supervised.exit.code, supervised.endedAt], ["exit", 0, from + 1_000]);
});

test("of a child of ours, and without a record, the end is when it was seen", async (t) => {
  const { runtime, spec, folders } = await bench(t, "rm ../logs/exit.2.raw; kill -KILL $PPID; exit 0");
  const from = Date.now();
  const handle = await runtime.start(spec);
  t.after(() => runtime.remove(handle));
  const { signal, endedAt } = await runtime.wait(handle);
  assert.equal(signal, "SIGKILL");
  assert.ok(endedAt && endedAt >= from && endedAt <= Date.now(), String(endedAt));
  const later = createNativeRuntime({ now: Date.now, records: join(folders.logs, "none") });
  assert.equal((await later.wait(handle)).endedAt, null);
});

test("a handle whose pid is another process's by now names a dead run, and the other is left alone", async (t) => {
  const { runtime, spec, folders } = await bench(t, "exit 0");
  const stranger = spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
  t.after(() => stranger.kill("SIGKILL"));
  await once(stranger, "spawn");
  const ref = `${stranger.pid}:some other boot.1`;
  const handle = { runtime: "native", runId: spec.runId, attempt: 2, ref, logs: folders.logs };
  await runtime.stop(handle, 0);
  assert.deepEqual(await runtime.wait(handle), {
    code: null,
    signal: null,
    outOfMemory: false,
    endedAt: null,
  });
  await runtime.remove(handle);
  assert.ok(await linuxProcesses().startOf(stranger.pid ?? 0));
});

test("a start whose handle was never told is still listed, found and ended", async (t) => {
  const { runtime, spec, records } = await bench(t, "trap '' TERM; while :; do sleep 0.05; done");
  const handle = await startedByAnother(records, spec);
  const early = { ...handle, ref: "0:" };
  await runtime.stop(early, 10);
  await runtime.remove(early);
  assert.deepEqual(await runtime.list(), []);
  assert.equal(await linuxProcesses().startOf(Number.parseInt(handle.ref, 10)), null);
});

test("raw output is for the bot's user only, and the prompt does not stay on the disk", async (t) => {
  const { runtime, spec, folders } = await bench(t, "exit 0");
  const handle = await runtime.start(spec);
  t.after(() => runtime.remove(handle));
  const names = await readdir(folders.logs);
  assert.deepEqual(names.sort(), ["exit.2.raw", "stderr.2.raw", "stdout.2.raw"]);
  for (const name of names) assert.equal((await stat(join(folders.logs, name))).mode & 0o777, 0o600);
  await runtime.remove(handle);
  assert.deepEqual(await readdir(folders.logs), []);
});
