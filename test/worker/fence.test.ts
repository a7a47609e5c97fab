/** Two workers on one store: who lost a run, or may have, stops its agent and is silent. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { LeaseLost } from "../../src/model/errors.ts";
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
  const heldSince = () => ({ at: deps.now(), tick: heldAt });
  const renew = async () => assert.fail("no clock gives reason to ask");
  await new Promise<void>(
    (resolve) => void fence(clock, { heldSince, renew, letGo: () => resolve() }, never),
  );
  clearTimeout(late);
  assert.ok(performance.now() - started >= 40);
});

/** A lease of half a minute, an hour of the wall clock after its last renewal: the ticks stood, as in a sleeping host. */
async function woken(t: TestContext, renew: (renewed: () => void) => Promise<boolean>) {
  const { deps, clock } = await openBench(t, { fleet: createPlainFleet() });
  let [at, asked] = [clock.ms, 0];
  const end = new AbortController();
  const gone = Promise.withResolvers<LeaseLost>();
  clock.ms += 3_600_000;
  const answer = async () => {
    asked += 1;
    return await renew(() => {
      at = clock.ms;
    });
  };
  const hold = { heldSince: () => ({ at, tick: 0 }), renew: answer, letGo: gone.resolve };
  const over = fence({ ...deps, ticks: () => 10, leaseMs: 30_000 }, hold, end.signal);
  return { over, end, letGo: gone.promise, asked: () => asked };
}

test("who wakes on a host that slept past its lease lets go when the store does not take a heartbeat", async (t) => {
  const { over, letGo } = await woken(t, async () => false);
  await over;
  assert.match((await letGo).message, /could not be renewed in time/);
});

test("who wakes and gets no answer at all lets go in a few seconds", async (t) => {
  const from = performance.now();
  const { over } = await woken(t, () => new Promise(() => {}));
  await over;
  assert.ok(performance.now() - from < 5_000);
});

test("a wall clock set forward by an hour stops no agent while the store takes heartbeats", async (t) => {
  const { over, end, letGo, asked } = await woken(t, async (renewed) => {
    renewed();
    return true;
  });
  await until(() => asked() > 0, "the store to be asked");
  await sleep(20);
  end.abort();
  await over;
  assert.equal(await Promise.race([letGo, "held"]), "held");
  assert.equal(asked(), 1);
});

test("a host that slept is noticed within a second of its waking, however long the lease", async (t) => {
  const { deps, clock } = await openBench(t, { fleet: createPlainFleet() });
  const at = clock.ms;
  const slept = setTimeout(() => {
    clock.ms += 7_200_000;
  }, 20);
  t.after(() => clearTimeout(slept));
  const from = performance.now();
  const hold = { heldSince: () => ({ at, tick: 0 }), renew: async () => false, letGo: () => {} };
  await fence({ ...deps, ticks: () => 0, leaseMs: 3_600_000 }, hold, new AbortController().signal);
  assert.ok(performance.now() - from < 2_500);
});

test("others wait until a silent worker has had the time to stop its agents", async (t) => {
  const many = await openBench(t, { fleet: createPlainFleet() });
  const { graceMs } = many.config.limits;
  assert.deepEqual(lost(many.deps), { lostMs: graceMs + 5_000 });
  assert.deepEqual(lost((await openBench(t)).deps), { lostMs: 0 });
});
