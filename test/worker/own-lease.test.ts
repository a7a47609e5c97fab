/** A worker and a run that is still its own: it does not take it from itself, and does not work on it twice. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { Claim } from "../../src/store/store.ts";
import { createWorker } from "../../src/worker/worker.ts";
import { DONE, LEASE_MS, openBench } from "./bench.ts";
import { pass } from "./machine.ts";
import { createPlainFleet } from "./plain-fleet.ts";
import { until } from "./wait.ts";

/** A worker at work on a run, whose heartbeats and takings-over go the way the test says. */
async function atWork(t: TestContext) {
  const script = (attempt: number) =>
    attempt === 1 ? { output: ["working\n"], exit: null, ignoresTerm: true } : { output: [DONE] };
  const bench = await openBench(t, {
    script,
    fleet: createPlainFleet(),
    change: (config) => ({ ...config, limits: { ...config.limits, graceMs: 40 } }),
  });
  const ways = { heartbeat: bench.store.heartbeat, takeOver: bench.store.takeOver };
  const asked = { takeOver: 0 };
  const store: typeof bench.store = {
    ...bench.store,
    heartbeat: async (...given) => await ways.heartbeat(...given),
    async takeOver(...given) {
      asked.takeOver += 1;
      return await ways.takeOver(...given);
    },
  };
  const [drain, halt] = [new AbortController(), new AbortController()];
  const all = { ...bench.deps, store, closedForges: () => [], onQueueMoved: async () => {} };
  const worker = createWorker(all);
  const leave = new AbortController().signal;
  const end = worker.run({ drain: drain.signal, leave, halt: halt.signal });
  bench.ends.push(async () => {
    drain.abort();
    halt.abort();
    await end;
  });
  const id = await bench.enqueue();
  const state = async () => (await bench.store.run(id))?.state;
  await until(async () => (await state()) === "running" && bench.runtime.living() === 1, "the agent to work");
  return { bench, id, ways, asked, state, worker };
}

/** The queue is looked at. */
async function look(bench: Awaited<ReturnType<typeof atWork>>["bench"]): Promise<void> {
  await bench.store.setFrozen(false);
  for (let rounds = 0; rounds < 50; rounds++) await turn();
}

test("in a turn in which a renewal failed nothing is taken over: it could be the very run", async (t) => {
  const { bench, ways, asked } = await atWork(t);
  await until(() => asked.takeOver >= 2, "it to have looked");
  const { heartbeat } = ways;
  let failed = 0;
  ways.heartbeat = async () => {
    failed += 1;
    throw new Error("Query read timeout");
  };
  // Half a lease and more: time to renew, and not yet to let go.
  bench.clock.ms += 0.75 * LEASE_MS;
  const before = asked.takeOver;
  await look(bench);
  assert.deepEqual([failed > 0, asked.takeOver], [true, before]);
  ways.heartbeat = heartbeat;
  await look(bench);
  assert.ok(asked.takeOver > before, "and when renewals go through again, it is");
});

test("a run that it gets back is begun when its work on it has ended, and its first agent with it", async (t) => {
  const { bench, ways, state, worker } = await atWork(t);
  const { takeOver } = bench.store;
  let taken: readonly Claim[] = [];
  ways.takeOver = async (name, leaseMs) => {
    if (taken.length > 0) return [];
    taken = await takeOver(name, leaseMs, "own");
    return taken;
  };
  const agents: number[] = [];
  const { start } = bench.runtime;
  Object.assign(bench.runtime, {
    async start(...given: Parameters<typeof start>) {
      agents.push(bench.runtime.living());
      return await start(...given);
    },
  });
  await look(bench);
  await until(() => taken.length === 1, "the run to be taken");
  await pass(bench, 0.75 * LEASE_MS);
  await look(bench);
  await until(async () => (await state()) === "completed", "the second beginning");
  await until(() => worker.active() === 0, "all to end");
  assert.deepEqual(agents, [0], "the second agent began when the first was gone");
  await bench.outbox.flush();
  assert.equal((await bench.answers()).length, 1);
});
