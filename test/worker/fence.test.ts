/** Two workers on one store: who lost a run, or may have, stops its agent and is silent. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fence, lost } from "../../src/worker/fence.ts";
import { createWorker, type WorkerDeps } from "../../src/worker/worker.ts";
import { type Bench, DONE, LEASE_MS, openBench } from "./bench.ts";
import { openMachine, pass } from "./machine.ts";
import { createPlainFleet } from "./plain-fleet.ts";
import { until } from "./wait.ts";

const LIVES_ON = { output: ["working\n"], exit: null } as const;

function runWorker(bench: Bench, deps: Partial<WorkerDeps>) {
  const [drain, leave, halt] = [new AbortController(), new AbortController(), new AbortController()];
  const all = { ...bench.deps, closedForges: () => [], onQueueMoved: async () => {}, ...deps };
  const worker = createWorker(all);
  const end = worker.run({ drain: drain.signal, leave: leave.signal, halt: halt.signal });
  bench.ends.push(async () => {
    drain.abort();
    halt.abort();
    await end;
  });
  return { worker, drain, end };
}

/** A worker whose heartbeats do not reach the store while `cut.off`, at work on a run. */
async function atWork(t: TestContext, more: Partial<WorkerDeps> = {}, isAlone = false) {
  const script = (attempt: number) => (attempt === 1 ? LIVES_ON : { output: [DONE] });
  const bench = await openBench(t, isAlone ? { script } : { script, fleet: createPlainFleet() });
  const cut = { off: false };
  const store = {
    ...bench.store,
    async heartbeat(...given: Parameters<typeof bench.store.heartbeat>) {
      if (cut.off) throw new Error("connection refused");
      return await bench.store.heartbeat(...given);
    },
    async takeOver(...given: Parameters<typeof bench.store.takeOver>) {
      return cut.off ? [] : await bench.store.takeOver(...given);
    },
  };
  const running = runWorker(bench, { store, ...more });
  const id = await bench.enqueue();
  const state = async () => (await bench.store.run(id))?.state;
  await until(async () => (await state()) === "running" && bench.runtime.living() === 1, "the agent to work");
  return { bench, id, cut, state, ...running };
}

test("a worker that lost its lease stops its agent, forgets it and says nothing; the other one answers", async (t) => {
  const { bench, cut, state, worker } = await atWork(t);
  cut.off = true;
  await pass(bench, LEASE_MS + 30_000);
  const other = openMachine(bench, "other", { output: [DONE] });
  runWorker(bench, other.deps);
  await until(async () => (await state()) === "completed", "the other to end it");
  assert.equal(bench.runtime.living(), 1, "nobody has told the first yet");
  cut.off = false;
  await bench.store.setFrozen(false);
  await until(() => bench.runtime.living() === 0 && worker.active() === 0, "the first to stop its agent");
  await until(async () => (await bench.runtime.list()).length === 0, "it to be forgotten");
  await bench.outbox.flush();
  assert.equal((await bench.answers()).length, 1);
  assert.deepEqual([bench.workspaces.pushed.length, other.workspaces.pushed.length], [0, 1]);
});

test("an agent is stopped when its lease has had its length and the store is not reached", async (t) => {
  const leaseMs = 400;
  const { bench, cut, state, worker } = await atWork(t, { leaseMs, ticks: () => performance.now() });
  cut.off = true;
  await until(() => bench.runtime.living() === 0 && worker.active() === 0, "it to let go");
  assert.deepEqual([await state(), await bench.runtime.list()], ["running", []]);
  assert.ok(bench.logged.some(({ msg }) => msg === "run left to its next holder"));
  await bench.outbox.flush();
  assert.deepEqual(await bench.answers(), []);
});

test("what a worker had to let go of, it begins anew when the store is back", async (t) => {
  const ticks = () => performance.now();
  const { bench, cut, state, worker } = await atWork(t, { leaseMs: 400, ticks });
  cut.off = true;
  await until(() => bench.runtime.living() === 0 && worker.active() === 0, "it to let go");
  await pass(bench, LEASE_MS + 30_000);
  cut.off = false;
  await bench.store.setFrozen(false);
  await until(async () => (await state()) === "completed", "the new beginning");
  await bench.outbox.flush();
  assert.deepEqual([bench.runtime.started.length, (await bench.answers()).length], [2, 1]);
});

test("on one machine a store that fails stops no agent: nobody else takes the run", async (t) => {
  const { bench, cut } = await atWork(t, { leaseMs: 15, ticks: () => performance.now() }, true);
  cut.off = true;
  await sleep(45);
  assert.equal(bench.runtime.living(), 1);
});

test("a heartbeat that hangs does not keep the agent alive", async (t) => {
  const bench = await openBench(t, { script: () => LIVES_ON, fleet: createPlainFleet() });
  const hangs = { ...bench.store, heartbeat: () => new Promise<never>(() => {}) };
  runWorker(bench, { store: hangs, leaseMs: 400, ticks: () => performance.now() });
  await bench.enqueue();
  await until(() => bench.runtime.started.length === 1, "the agent to start");
  await until(() => bench.runtime.living() === 0, "it to be stopped");
});

test("the time is counted from when a heartbeat was sent, and anew with each", async (t) => {
  const { deps } = await openBench(t, { fleet: createPlainFleet() });
  const started = performance.now();
  const late = setTimeout(() => {
    heldAt += 20;
  }, 5);
  let heldAt = started;
  const clock = { ...deps, leaseMs: 20, ticks: () => performance.now() };
  const never = new AbortController().signal;
  await new Promise<void>(
    (resolve) =>
      void fence(
        clock,
        () => heldAt,
        () => resolve(),
        never,
      ),
  );
  clearTimeout(late);
  assert.ok(performance.now() - started >= 40);
});

test("others wait until a silent worker has had the time to stop its agents", async (t) => {
  const many = await openBench(t, { fleet: createPlainFleet() });
  const { graceMs } = many.config.limits;
  assert.deepEqual(lost(many.deps), { lostMs: graceMs + 5_000 });
  assert.deepEqual(lost((await openBench(t)).deps), { lostMs: 0 });
});
