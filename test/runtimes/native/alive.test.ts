/** An agent without its worker: ended by the guard beside it, and by nothing else. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Guard, giveSignOfLife } from "../../../src/runtimes/native/alive.ts";
import { createNativeRuntime } from "../../../src/runtimes/native/native.ts";
import type { StartSpec } from "../../../src/runtimes/runtime.ts";

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
  });
  t.after(() => runtime.remove(handle));
  return { runtime, handle, sign };
}

test("an agent whose worker gives no sign of life any more is killed, with all it started", async (t) => {
  const { runtime, handle, sign } = await bench(t, ["sh", "-c", "sleep 600 & sleep 600"]);
  sign.stop();
  const { signal } = await runtime.wait(handle);
  assert.equal(signal, "SIGKILL");
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
