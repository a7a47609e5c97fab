/** The bot's death is no concern of the agent: it goes on, and the next bot reads its output and its end. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { linuxProcesses } from "../../../src/runtimes/native/linux.ts";
import { createNativeRuntime } from "../../../src/runtimes/native/native.ts";
import type { RunHandle, StartSpec } from "../../../src/runtimes/runtime.ts";

const NATIVE = new URL("../../../src/runtimes/native/native.ts", import.meta.url).href;
/** A bot that starts one agent, tells its handle, and waits to be killed. */
const BOT = `import { createNativeRuntime } from ${JSON.stringify(NATIVE)};
const { records, spec } = JSON.parse(process.argv[1]);
const handle = await createNativeRuntime({ now: Date.now, records }).start(spec);
process.stdout.write(JSON.stringify(handle));
setInterval(() => {}, 1000);`;

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
  assert.deepEqual(await end, { code: 137, signal: null, outOfMemory: false });
  const printed: Buffer[] = [];
  for await (const { data } of runtime.logs(handle, AbortSignal.timeout(5_000))) printed.push(data);
  assert.equal(Buffer.concat(printed).toString(), "the prompt\ndone\n");
});

test("a handle whose pid is another process's by now names a dead run, and the other is left alone", async (t) => {
  const { runtime, spec, folders } = await bench(t, "exit 0");
  const stranger = spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
  t.after(() => stranger.kill("SIGKILL"));
  await once(stranger, "spawn");
  const ref = `${stranger.pid}:some other boot.1`;
  const handle = { runtime: "native", runId: spec.runId, attempt: 2, ref, logs: folders.logs };
  await runtime.stop(handle, 0);
  assert.deepEqual(await runtime.wait(handle), { code: null, signal: null, outOfMemory: false });
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
