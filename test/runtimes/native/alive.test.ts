/** An agent without its worker: ended by the guard beside it, and by nothing else. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { type Guard, giveSignOfLife, orderStop } from "../../../src/runtimes/native/alive.ts";
import { darwinProcesses } from "../../../src/runtimes/native/darwin.ts";
import { linuxProcesses } from "../../../src/runtimes/native/linux.ts";
import { createNativeRuntime } from "../../../src/runtimes/native/native.ts";
import { rawFiles } from "../../../src/runtimes/native/record.ts";
import type { StartSpec } from "../../../src/runtimes/runtime.ts";

const table = process.platform === "darwin" ? darwinProcesses() : linuxProcesses();
const membersOf = async (group: number) => (await table.scan()).filter((row) => row.group === group);

async function bench(t: TestContext, argv: StartSpec["argv"]) {
  const root = await mkdtemp(join(tmpdir(), "native-alive-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  const at = (part: string) => join(root, part);
  const folders = { checkout: at("repo"), meta: at("meta"), home: at("home"), logs: at("logs") };
  for (const folder of [folders.checkout, folders.logs]) await mkdir(folder);
  const guard: Guard = { file: at("alive"), silentMs: 2000 };
  const sign = giveSignOfLife(guard);
  t.after(() => sign.stop());
  const runtime = createNativeRuntime({ now: Date.now, records: at("records"), guard });
  const handle = await runtime.start({
    runId: `alive-${process.pid}-${root.slice(-6)}`,
    attempt: 1,
    argv,
    env: { PATH: "/usr/bin:/bin", guard: "kept", sign: "kept" },
    stdin: "",
    folders,
    limits: { memoryBytes: null, cpus: null, pids: null },
    image: null,
    gpu: false,
    network: "open",
    visible: [],
    confined: false,
  });
  t.after(() => runtime.remove(handle));
  return {
    runtime,
    handle,
    sign,
    reopen: () => createNativeRuntime({ now: Date.now, records: at("records") }),
  };
}

const IGNORES_TERM = ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"] as const;

async function untilReady({
  runtime,
  handle,
}: Pick<Awaited<ReturnType<typeof bench>>, "runtime" | "handle">) {
  for await (const _ of runtime.logs(handle, AbortSignal.timeout(10_000))) return;
}

test("an agent whose worker gives no sign of life any more is killed, with all it started", async (t) => {
  const { runtime, handle, sign, reopen } = await bench(t, ["sh", "-c", "sleep 600 & sleep 600"]);
  sign.stop();
  const { endedAt: _, ...exit } = await runtime.wait(handle);
  assert.deepEqual(exit, { code: null, signal: "SIGKILL", outOfMemory: false, abandoned: true });
  const later = await reopen().wait(handle);
  assert.equal(later.abandoned, true, "the worker's next life learns it, too");
  assert.ok(later.endedAt);
});

test("a guard outlives the TERM of a stop", async (t) => {
  const { runtime, handle, sign } = await bench(t, IGNORES_TERM);
  await untilReady({ runtime, handle });
  const group = Number.parseInt(handle.ref, 10);
  process.kill(-group, "SIGTERM");
  sign.stop();
  assert.equal((await runtime.wait(handle)).abandoned, true);
});

test("an agent that ignores TERM does not outlive its grace, though the worker that stops it dies", async (t) => {
  const { runtime, handle } = await bench(t, IGNORES_TERM);
  await untilReady({ runtime, handle });
  orderStop(rawFiles(handle).stop, 100);
  const { signal, abandoned } = await runtime.wait(handle);
  assert.deepEqual([signal, abandoned], ["SIGKILL", undefined]);
});

test("an agent that obeys TERM is stopped at once, guarded or not, and nothing of the guard is left", async (t) => {
  const { runtime, handle } = await bench(t, [
    "sh",
    "-c",
    "trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done",
  ]);
  await untilReady({ runtime, handle });
  const group = Number.parseInt(handle.ref, 10);
  const from = performance.now();
  await runtime.stop(handle, 30_000);
  assert.ok(performance.now() - from < 5_000);
  assert.deepEqual(await membersOf(group), []);
  assert.equal((await runtime.wait(handle)).code, 3);
});

test("the guard and its nap are gone when the recorder is: none is left for others to reap", async (t) => {
  const { handle } = await bench(t, ["sh", "-c", "sleep 0.2"]);
  const group = Number.parseInt(handle.ref, 10);
  while (await table.startOf(group)) await setImmediate();
  assert.deepEqual(await membersOf(group), []);
});

test("an agent whose worker lives works to its end, however long the guard looks", async (t) => {
  const { runtime, handle } = await bench(t, ["sh", "-c", "sleep 4; exit 7"]);
  const { code, signal } = await runtime.wait(handle);
  assert.deepEqual([code, signal], [7, null]);
});

test("a guard changes nothing of what the agent sees and leaves nothing behind", async (t) => {
  const { runtime, handle } = await bench(t, ["sh", "-c", 'echo "$guard $sign $#"; kill -9 $$']);
  const parts: Buffer[] = [];
  for await (const { data } of runtime.logs(handle, AbortSignal.timeout(10_000))) parts.push(data);
  assert.equal(Buffer.concat(parts).toString(), "kept kept 0\n");
  const exit = await runtime.wait(handle);
  assert.deepEqual([exit.code, exit.signal], [null, "SIGKILL"]);
});
