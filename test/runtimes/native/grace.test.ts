/** A worker killed between the TERM and the KILL of an agent that it stops: the guard carries the stop out. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { giveSignOfLife } from "../../../src/runtimes/native/alive.ts";
import { createNativeRuntime } from "../../../src/runtimes/native/native.ts";
import { until } from "../../worker/wait.ts";

const NATIVE = new URL("../../../src/runtimes/native/native.ts", import.meta.url).href;
/** A worker that starts one agent, tells its handle, and stops it when it is told to. */
const WORKER = `import { createNativeRuntime } from ${JSON.stringify(NATIVE)};
const { records, guard, spec } = JSON.parse(process.argv[1]);
const runtime = createNativeRuntime({ now: Date.now, records, guard });
const handle = await runtime.start(spec);
process.stdin.once("data", () => void runtime.stop(handle, 1000));
process.stdout.write(JSON.stringify(handle));`;

const AGENT = "trap 'touch ../asked' TERM; touch ../ready; while :; do sleep 0.05; done";

async function stopping(t: TestContext) {
  const root = await mkdtemp(join(tmpdir(), "native-grace-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  const at = (part: string) => join(root, part);
  const folders = { checkout: at("repo"), meta: at("meta"), home: at("home"), logs: at("logs") };
  await mkdir(folders.checkout);
  // The next life of the worker gives signs already.
  const guard = { file: at("alive"), silentMs: 60_000 };
  const sign = giveSignOfLife(guard);
  t.after(() => sign.stop());
  const plain = {
    stdin: "",
    image: null,
    gpu: false,
    network: "open",
    visible: [],
    confined: false,
    limits: { memoryBytes: null, cpus: null, pids: null },
  };
  const argv = ["sh", "-c", AGENT];
  const spec = {
    ...plain,
    runId: `grace-${process.pid}`,
    attempt: 1,
    argv,
    env: { PATH: "/usr/bin:/bin" },
    folders,
  };
  const argument = JSON.stringify({ records: at("records"), guard, spec });
  const worker = spawn(process.execPath, ["--input-type=module", "-e", WORKER, argument], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const handle = JSON.parse(String((await once(worker.stdout, "data"))[0]));
  await until(() => existsSync(at("ready")), "the agent to work");
  worker.stdin.write("stop");
  await until(() => existsSync(at("asked")), "the agent to be asked to end");
  worker.kill("SIGKILL");
  await once(worker, "close");
  return { handle, records: at("records") };
}

test("an agent that ignores TERM is gone soon after its grace, with nobody there to kill it", async (t) => {
  const { handle, records } = await stopping(t);
  const next = createNativeRuntime({ now: Date.now, records });
  t.after(() => next.remove(handle));
  assert.equal(await next.ended(handle), false);
  const from = performance.now();
  const { code, signal, abandoned } = await next.wait(handle);
  assert.deepEqual([code, signal, abandoned], [null, null, undefined]);
  assert.ok(performance.now() - from < 5_000, "the grace, two looks, and a busy machine");
});
