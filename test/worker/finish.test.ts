import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { FakeScript } from "../fakes/runtime.ts";
import { type Bench, DONE, openBench } from "./bench.ts";

/** An agent that works for so long by the bench's clock. */
function lasting(bench: () => Bench, ms: number, script: FakeScript): FakeScript {
  const act = async () => {
    await turn();
    bench().clock.ms += ms;
  };
  return { ...script, act };
}

const FAILS: FakeScript = { exit: { code: 1 } };
const WORKS: FakeScript = { output: [DONE] };

/** Runs of one pool, one after the other, each on an issue of its own. */
async function series(bench: Bench, count: number, agent = "scripted"): Promise<void> {
  for (let n = 0; n < count; n++) await bench.run({ issue: ++issues, agent });
}
let issues = 100;

const poolOf = async ({ store }: Bench, name = "scripted") =>
  (await store.pools()).find(({ pool }) => pool === name);

test("three quick failures in a row pause the pool, and whoever failed last or waits is told", async (t) => {
  const bench = await openBench(t, { script: () => FAILS });
  await series(bench, 2);
  assert.deepEqual(await poolOf(bench), { pool: "scripted", failures: 2, pausedUntil: null });
  await bench.enqueue({ issue: 30 });
  const third = await bench.claim();
  await bench.enqueue({ issue: 31 });
  await bench.enqueue({ issue: 32, agent: "other" });
  await bench.work(third);
  const until = bench.clock.ms + 30 * 60_000;
  assert.equal((await poolOf(bench))?.pausedUntil, until);
  const paused = (bodies: readonly string[]) => bodies.filter((body) => /is paused until/.test(body)).length;
  assert.equal(paused(await bench.answers(30)), 1);
  assert.equal(paused(await bench.answers(31)), 1);
  assert.equal(paused(await bench.answers(32)), 0, "it waits for another pool");
  assert.equal((await bench.claim()).run.pool, "other");
});

test("a run that went well, or failed late, begins the count anew", async (t) => {
  for (const [ms, script] of [
    [0, WORKS],
    [61_000, FAILS],
  ] as const) {
    let next = FAILS;
    const bench: Bench = await openBench(t, { script: () => next });
    await series(bench, 2);
    next = lasting(() => bench, ms, script);
    await series(bench, 1);
    next = FAILS;
    await series(bench, 2);
    assert.deepEqual(await poolOf(bench), { pool: "scripted", failures: 2, pausedUntil: null });
  }
});

test("each pool counts for itself", async (t) => {
  const bench = await openBench(t, { script: () => FAILS });
  await series(bench, 2);
  await series(bench, 2, "other");
  assert.deepEqual([(await poolOf(bench))?.failures, (await poolOf(bench, "other"))?.failures], [2, 2]);
  assert.equal((await poolOf(bench))?.pausedUntil, null);
});

test("work that could not be published says nothing against its pool", async (t) => {
  const bench = await openBench(t);
  for (let round = 0; round < 3; round++) {
    bench.workspaces.fail("push", new Error("refused"));
    await series(bench, 1);
  }
  assert.deepEqual(await poolOf(bench), { pool: "scripted", failures: 0, pausedUntil: null });
});

test("a run that never started says nothing of its pool", async (t) => {
  const bench = await openBench(t);
  for (let round = 0; round < 3; round++) {
    bench.workspaces.fail("prepare", new Error("no repository"));
    await series(bench, 1);
  }
  assert.equal(await poolOf(bench), undefined);
});

test("each attempt books its own exact seconds, rounded, once", async (t) => {
  const times = [1_400, 2_600];
  const bench: Bench = await openBench(t, {
    script: (attempt) => lasting(() => bench, times[attempt - 1] ?? 0, attempt === 1 ? FAILS : WORKS),
  });
  const { id, startedAt, endedAt } = await bench.run();
  const delivery = { forge: "codeberg", id: "retry" };
  await bench.store.receive({ ...delivery, event: "any", body: "[]", receivedAt: 2 });
  const changes = [{ kind: "requeue", runId: id, answer: null }] as const;
  await bench.store.settle({ delivery, keys: [], changes, effects: [] });
  await bench.work(await bench.claim());
  assert.deepEqual(
    bench.forge.times.map(({ seconds, ok }) => [seconds, ok]),
    [
      [1, false],
      [3, true],
    ],
  );
  assert.deepEqual([bench.forge.times[0]?.startedAt, bench.forge.times[0]?.endedAt], [startedAt, endedAt]);
  assert.equal(new Set(bench.forge.times.map(({ key }) => key)).size, 2);
});
