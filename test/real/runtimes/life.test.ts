/** Containers outlive who started them, and end when nobody is left who watches: real processes that are killed. */
import assert from "node:assert/strict";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { giveSignOfLife } from "../../../src/runtimes/native/alive.ts";
import type { RunHandle } from "../../../src/runtimes/runtime.ts";
import { engine, living, opens, runtimeIn, skipReason, specOf, untilSaid } from "./engine.ts";
import type { WorkerOrder } from "./worker.ts";

const RUNS_ON = "echo ready; while :; do sleep 0.1; done";
const DEAF = `trap '' TERM; ${RUNS_ON}`;

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(50);
}

async function folder(t: TestContext): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "life-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  return root;
}

interface Worker {
  readonly process: ChildProcessByStdio<Writable, Readable, null>;
  readonly handle: RunHandle;
}

async function startWorker(t: TestContext, order: WorkerOrder): Promise<Worker> {
  const script = join(import.meta.dirname, "worker.ts");
  const child = spawn(process.execPath, [script, JSON.stringify(order)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  for await (const line of createInterface(child.stdout)) return { process: child, handle: JSON.parse(line) };
  throw new Error("the worker ended without a word");
}

for (const name of ["docker", "podman"] as const) {
  describe(`the life of an agent in ${name}`, { skip: await skipReason(name) }, () => {
    test("it goes on when its worker is killed, and the next process finds, reads and ends it", async (t) => {
      const root = await folder(t);
      const spec = await specOf(root, `${RUNS_ON}`, { env: { AGENT_DISPATCH_RUN: "" } });
      const worker = await startWorker(t, { name, root, spec, guard: null, stopGraceMs: 0 });
      worker.process.kill("SIGKILL");
      const next = runtimeIn(name, root);
      t.after(() => next.remove(worker.handle));
      assert.deepEqual(await next.list(), [worker.handle]);
      await untilSaid({ runtime: next, handle: worker.handle }, "ready");
      assert.equal(await next.ended(worker.handle), false);
      assert.deepEqual(await runtimeIn(name, join(root, "another worker's")).list(), []);
      await next.stop(worker.handle, 20_000);
      assert.equal((await next.wait(worker.handle)).signal, "SIGTERM");
    });

    test("a container that was made and never started is found, has no end, and can be removed", async (t) => {
      const { runtime, root } = await opens(name)(t);
      const spec = await specOf(root, "true");
      const first = await runtime.start(spec);
      await runtime.wait(first);
      await runtime.remove(first);
      const owner = (await readFile(join(root, name, "owner"), "utf8")).trim();
      const labels = { owner, run: spec.runId, attempt: "2", logs: spec.folders.logs };
      const options = Object.entries(labels).flatMap(([label, value]) => [
        "--label",
        `agent-dispatch.${label}=${value}`,
      ]);
      const id = engine(name, "create", "--pull=never", ...options, spec.image ?? "", "/bin/sh").trim();
      const [handle] = await runtime.list();
      assert.ok(handle && handle.ref === id && handle.attempt === 2);
      assert.equal(await runtime.ended(handle), true);
      assert.deepEqual(await runtime.wait(handle), { code: null, signal: null, outOfMemory: false });
      await runtime.remove(handle);
      assert.deepEqual(await runtime.list(), []);
    });

    test("while its worker gives signs of life the guard leaves it alone, and ends it when they cease", async (t) => {
      const root = await folder(t);
      const guard = { file: join(root, "alive"), silentMs: 3_000 };
      const runtime = runtimeIn(name, root, { guard });
      const sign = giveSignOfLife(guard);
      t.after(() => sign.stop());
      const spec = await specOf(root, RUNS_ON, { limits: { memoryBytes: 64 << 20, cpus: null, pids: null } });
      const handle = await runtime.start(spec);
      t.after(() => runtime.remove(handle));
      const signs = async () => Number((await readFile(guard.file, "utf8")).trim().split(" ")[1]);
      const from = await signs();
      // Six signs within the guard's patience: twice that has passed.
      await until(async () => (await signs()) > from + 12);
      assert.equal(await runtime.ended(handle), false);
      sign.stop();
      const { endedAt: _, ...exit } = await runtime.wait(handle);
      assert.deepEqual(exit, { code: null, signal: "SIGKILL", outOfMemory: false, abandoned: true });
    });

    test("an order to stop is carried out though its worker died between TERM and KILL", async (t) => {
      const root = await folder(t);
      const guard = { file: join(root, "alive"), silentMs: 3_600_000 };
      const spec = await specOf(root, DEAF);
      const worker = await startWorker(t, { name, root, spec, guard, stopGraceMs: 2_000 });
      const next = runtimeIn(name, root);
      t.after(() => next.remove(worker.handle));
      await untilSaid({ runtime: next, handle: worker.handle }, "ready");
      worker.process.stdin.write("stop\n");
      await until(async () => (await readdir(join(root, name, "orders"))).includes(worker.handle.ref));
      worker.process.kill("SIGKILL");
      const { signal, abandoned } = await next.wait(worker.handle);
      assert.deepEqual([signal, abandoned], ["SIGKILL", undefined]);
    });

    test("a guard goes when a newer one takes its turn", async (t) => {
      const root = await folder(t);
      const guard = { file: join(root, "alive"), silentMs: 3_600_000 };
      const guards = async () => {
        const all = await Promise.all(
          (await readdir("/proc"))
            .filter((pid) => /^\d+$/.test(pid))
            .map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
        );
        return all.filter((line) => line.includes(`\0${guard.file}\0`) && line.startsWith("/bin/sh")).length;
      };
      for (const attempt of [1, 2]) {
        const runtime = runtimeIn(name, root, { guard });
        const handle = await runtime.start(await specOf(root, "true", { attempt }));
        await runtime.wait(handle);
        await runtime.remove(handle);
      }
      await until(async () => (await guards()) === 1);
      // The last one goes with its folder.
      await rm(root, { recursive: true });
      await until(async () => (await guards()) === 0);
    });
  });
}

describe("podman's watcher", { skip: await skipReason("podman") }, () => {
  test("is killed, and the agent's end is noticed all the same, as one that nobody saw", async (t) => {
    const { runtime, root } = await opens("podman")(t);
    const spec = await specOf(root, RUNS_ON);
    const handle = await runtime.start({ ...spec, env: { AGENT_DISPATCH_RUN: `${spec.runId}.1` } });
    t.after(() => runtime.remove(handle));
    await untilSaid({ runtime, handle }, "ready");
    const end = runtime.wait(handle);
    const [conmon, pid] = engine(
      "podman",
      "inspect",
      "--format",
      "{{.State.ConmonPid}} {{.State.Pid}}",
      handle.ref,
    )
      .trim()
      .split(" ")
      .map(Number);
    process.kill(conmon ?? 0, "SIGKILL");
    process.kill(pid ?? 0, "SIGKILL");
    assert.deepEqual(await end, { code: null, signal: null, outOfMemory: false });
    assert.equal(await runtime.ended(handle), true);
    assert.equal(await living(spec.runId), 0);
  });
});
