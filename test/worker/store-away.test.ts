/** The store does not answer in the middle of a step: no end of the run, and nothing of the store is told to anyone. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { StoreTrouble } from "../../src/model/errors.ts";
import type { Store } from "../../src/store/store.ts";
import { DONE, LEASE_MS, openBench } from "./bench.ts";
import { pass } from "./machine.ts";
import { createPlainFleet } from "./plain-fleet.ts";

const ADDRESS = "db.internal.example:5432/dispatch";
const trouble = (passes: boolean) =>
  new StoreTrouble(`asking the database ${ADDRESS}: Connection terminated unexpectedly`, passes);

async function bench(t: TestContext) {
  const bench = await openBench(t, { fleet: createPlainFleet(), script: () => ({ output: [DONE] }) });
  await bench.enqueue();
  return bench;
}

function refusingToRun(store: Store, error: Error): Store {
  return {
    ...store,
    async move(...given) {
      if (given[1] === "running") throw error;
      return await store.move(...given);
    },
  };
}

test("a store that is away for a moment while a run is prepared is asked again", async (t) => {
  const { deps, runtime, work, claim, answers } = await bench(t);
  let failures = 2;
  const { prompts } = deps;
  const build: typeof prompts.build = async (request) => {
    if (failures-- > 0) throw trouble(true);
    return await prompts.build(request);
  };
  const run = await work(await claim(), { prompts: { ...prompts, build } });
  assert.deepEqual([run.state, runtime.started.length, (await answers()).length], ["completed", 1, 1]);
});

test("a store that stays away while a run is prepared leaves it as it stands, with nothing said", async (t) => {
  const { deps, work, claim, answers } = await bench(t);
  const build = async () => {
    throw trouble(true);
  };
  const run = await work(await claim(), { prompts: { ...deps.prompts, build } });
  assert.deepEqual([run.state, run.outcome, await answers()], ["preparing", null, []]);
});

test("an agent whose start the store did not take is stopped, and its run taken up again", async (t) => {
  const found = await bench(t);
  const { store, runtime, work, claim, answers } = found;
  const left = await work(await claim(), { store: refusingToRun(store, trouble(true)) });
  assert.deepEqual([left.state, left.outcome, await answers()], ["preparing", null, []]);
  assert.deepEqual([runtime.started.length, await runtime.list()], [1, []]);
  await pass(found, LEASE_MS);
  const [again] = await store.takeOver("worker", LEASE_MS, { lostMs: 0 });
  const run = await work(again!);
  assert.deepEqual([run.state, run.attempt, (await answers()).length], ["completed", 1, 1]);
});

test("what the store refuses for good ends the run, without a word of where the store is", async (t) => {
  const { store, work, claim, answers, logged } = await bench(t);
  const run = await work(await claim(), { store: refusingToRun(store, trouble(false)) });
  assert.equal(run.outcome?.kind === "failed" && run.outcome.reason, "start");
  const told = [JSON.stringify(run.outcome), ...(await answers())];
  assert.equal(told.length, 2);
  assert.doesNotMatch(told.join(), /db\.internal|5432/);
  assert.match(told.join(), /the bot's own store refused a step of it/);
  assert.ok(JSON.stringify(logged).includes(ADDRESS), "whoever runs the bot learns it from the log");
});
