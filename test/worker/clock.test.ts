/** The wall clock is set while an agent works. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { LiveStatus } from "../../src/report/live-status.ts";
import type { FakeScript } from "../fakes/runtime.ts";
import { type Bench, DONE, LEASE_MS, openBench } from "./bench.ts";
import { until } from "./wait.ts";

const HOUR = 3_600_000;

/** Somebody sets the clock: no time has passed. */
function set({ clock }: Bench, byMs: number): void {
  clock.ms += byMs;
  clock.setBy += byMs;
}

/** The agent works for so many milliseconds, and in the middle of it the clock is set. */
async function worked(t: TestContext, ms: number, setBy: number): Promise<Bench> {
  const act = async () => {
    await turn();
    bench.clock.ms += ms;
    set(bench, setBy);
  };
  const bench: Bench = await openBench(t, { script: () => ({ output: [DONE], act }) });
  await bench.run();
  return bench;
}

for (const [how, byMs] of [
  ["back", -48 * HOUR],
  ["on", 48 * HOUR],
] as const) {
  test(`a clock set ${how} ends no run at its time limit, and the seconds booked are those it worked`, async (t) => {
    const bench = await worked(t, 4_000, byMs);
    const [run] = await bench.store.runs({});
    assert.equal(run?.state, "completed");
    assert.equal((run?.endedAt ?? 0) - (run?.startedAt ?? 0), 4_000);
    assert.deepEqual(
      bench.forge.times.map(({ seconds }) => seconds),
      [4],
    );
  });
}

test("the total limit counts time that passed, not what the clock shows", async (t) => {
  const script: FakeScript = { output: ["working\n"], exit: null };
  const change = (config: Bench["config"]) => ({ ...config, limits: { ...config.limits, totalMs: 30 } });
  const bench = await openBench(t, { script: () => script, change });
  const from = performance.now();
  set(bench, -48 * HOUR);
  await bench.enqueue();
  const run = await bench.work(await bench.claim(), { ticks: () => performance.now() });
  assert.deepEqual([run.state, performance.now() - from < 10_000], ["timed_out", true]);
});

test("an agent adopted after the clock was set back has worked no less than nothing", async (t) => {
  const bench = await openBench(t, { script: () => ({ exit: null, onTerm: { exit: { code: 3 } } }) });
  const id = await bench.enqueue();
  const leave = new AbortController();
  const stops = { leave: leave.signal, halt: new AbortController().signal };
  const first = bench.work(await bench.claim(), {}, stops);
  await until(async () => (await bench.store.run(id))?.state === "running", "the agent to work");
  leave.abort();
  await first;
  set(bench, -48 * HOUR);
  const [claim] = await bench.store.takeOver("worker", LEASE_MS, "own");
  assert.ok(claim);
  const second = bench.work(claim);
  await bench.runtime.stop((await bench.runtime.list())[0]!, 1_000);
  assert.equal((await second).state, "failed");
  assert.deepEqual(
    bench.forge.times.map(({ seconds }) => seconds),
    [0],
  );
});

test("the status comment shows how long the agent has worked, whatever the clock was set to", async (t) => {
  const seen: string[] = [];
  const act = async () => {
    await turn();
    bench.clock.ms += 65_000;
    set(bench, -48 * HOUR);
  };
  const script: FakeScript = { output: ["hello\n", DONE], act, pauseMs: 5 };
  const bench: Bench = await openBench(t, { script: () => script });
  await bench.enqueue();
  const update: LiveStatus["update"] = async (_run, body) => {
    seen.push(typeof body === "string" ? body : body());
  };
  const live = { ...bench.deps.live, update };
  await bench.work(await bench.claim(), { live });
  assert.match(seen.join("\n"), /\(1 min 5 s\)/);
});
