/** Agents still alive on a machine that lost their runs meanwhile. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createSweeper } from "../../src/worker/sweep.ts";
import { type Bench, LEASE_MS, openBench } from "./bench.ts";
import { createPlainFleet } from "./plain-fleet.ts";

const LIVES_ON = { exit: null } as const;

async function open(t: TestContext) {
  const bench = await openBench(t, { script: () => LIVES_ON, fleet: createPlainFleet() });
  const mine = new Set<string>();
  const sweeper = createSweeper(bench.deps, (runId) => mine.has(runId));
  const look = async () => {
    sweeper.look();
    await sweeper.idle();
    return (await bench.runtime.list()).map(({ runId, attempt }) => `${runId} ${attempt}`);
  };
  return { bench, mine, sweeper, look };
}

async function agentOf({ runtime }: Bench, runId: string, attempt = 1) {
  const folders = { checkout: "/c", meta: "/m", home: "/h", logs: "/l" };
  const limits = { memoryBytes: null, cpus: null, pids: null };
  const what = {
    argv: ["agent"],
    env: {},
    stdin: "",
    image: null,
    gpu: false,
    network: "open",
    visible: [],
    confined: false,
  } as const;
  return await runtime.start({ runId, attempt, folders, limits, ...what, argv: ["agent"] });
}

/** A run recorded as running with an agent of this machine. */
async function recorded(bench: Bench) {
  const runId = await bench.enqueue();
  const { lease } = await bench.claim();
  const handle = JSON.stringify(await agentOf(bench, runId));
  await bench.store.move(lease, "running", { handle, startedAt: bench.clock.ms }, []);
  return { runId, lease };
}

test("agents of unknown runs, of ended ones and of earlier attempts are stopped and forgotten", async (t) => {
  const { bench, look } = await open(t);
  await agentOf(bench, "unknown");
  const { runId, lease } = await recorded(bench);
  await bench.store.move(lease, "queued", {}, []);
  assert.deepEqual(await look(), []);
  assert.equal(bench.runtime.living(), 0);
  const { lease: second } = await bench.claim();
  await agentOf(bench, runId, 1);
  const handle = JSON.stringify(await agentOf(bench, "another", 2));
  await bench.store.move(second, "running", { handle, startedAt: bench.clock.ms }, []);
  assert.equal((await bench.runtime.list()).length, 2);
});

test("what this worker works on is left alone", async (t) => {
  const { bench, mine, look } = await open(t);
  mine.add("mine");
  await agentOf(bench, "mine");
  assert.deepEqual(await look(), ["mine 1"]);
  assert.equal(bench.runtime.living(), 1);
});

test("one recorded as at work is its holder's, and stopped once that has begun the run anew", async (t) => {
  const { bench, look } = await open(t);
  const { runId } = await recorded(bench);
  assert.deepEqual(await look(), [`${runId} 1`]);
  const [claim] = await bench.store.takeOver("worker", LEASE_MS, "own");
  if (claim) await bench.store.move(claim.lease, "queued", {}, []);
  assert.deepEqual(await look(), []);
});

test("it looks once, and again only when asked to or when something was left", async (t) => {
  const { bench, sweeper, look } = await open(t);
  assert.deepEqual(await look(), []);
  await agentOf(bench, "unknown");
  assert.deepEqual(await look(), ["unknown 1"]);
  sweeper.ask();
  assert.deepEqual(await look(), []);
});

test("an agent that cannot be stopped is told, holds up no other, and is tried again", async (t) => {
  const { bench, look } = await open(t);
  await agentOf(bench, "stubborn");
  await agentOf(bench, "other");
  const { stop } = bench.runtime;
  let failures = 1;
  Object.assign(bench.runtime, {
    stop: async (...given: Parameters<typeof stop>) => {
      if (failures-- > 0) throw new Error("no answer");
      await stop(...given);
    },
  });
  assert.deepEqual(await look(), ["stubborn 1"]);
  assert.ok(
    bench.logged.some(({ msg, reason }) => /could not be stopped/.test(msg) && reason === "no answer"),
  );
  assert.deepEqual(await look(), []);
});
