/** A worker of a fleet comes back, and its agent did not outlive its absence: the run is as one of a lost worker. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Exit } from "../../src/model/outcome.ts";
import type { FakeScript } from "../fakes/runtime.ts";
import { ALICE, type Bench, DONE, LEASE_MS, openBench } from "./bench.ts";
import { createPlainFleet } from "./plain-fleet.ts";
import { until } from "./wait.ts";

const BY_GUARD: Partial<Exit> = { signal: "SIGKILL", abandoned: true };
/** A machine that went down leaves the record of a start and none of an end. */
const BY_REBOOT: Partial<Exit> = {};

interface Absence {
  readonly lost: Bench["config"]["lost"];
  readonly exit: Partial<Exit>;
  /** What the first agent did before it was ended. */
  readonly first?: FakeScript;
}

/** The worker died beside its agent, which was ended meanwhile; then the same worker starts again. */
async function cameBack(t: TestContext, { lost, exit, first }: Absence) {
  const bench = await openBench(t, {
    fleet: createPlainFleet(),
    change: (config) => ({ ...config, lost }),
    script: (attempt) => (attempt === 1 ? { ...first, exit: null, onTerm: { exit } } : { output: [DONE] }),
  });
  const id = await bench.enqueue({ label: "dispatch:scripted" });
  const leave = new AbortController();
  const stops = { leave: leave.signal, halt: new AbortController().signal };
  const worked = bench.work(await bench.claim(), {}, stops);
  await until(async () => (await bench.store.run(id))?.state === "running", "the agent to work");
  leave.abort();
  await worked;
  const [handle] = await bench.runtime.list();
  await bench.runtime.stop(handle!, 1_000);
  return { bench, id };
}

async function takeUp(bench: Bench) {
  const [claim, ...more] = await bench.store.takeOver("worker", LEASE_MS, "own");
  assert.deepEqual(more, []);
  return await bench.work(claim!);
}

for (const [name, exit] of [
  ["was ended by its guard", BY_GUARD],
  ["is gone without a record", BY_REBOOT],
] as const) {
  test(`a run whose agent ${name} begins anew where lost ones are to, and is answered once`, async (t) => {
    const { bench } = await cameBack(t, { lost: "restart", exit });
    assert.equal((await takeUp(bench)).state, "queued");
    assert.deepEqual(await bench.runtime.list(), [], "the first agent is forgotten");
    const run = await bench.work(await bench.claim());
    assert.deepEqual([run.state, run.attempt, (await bench.answers()).length], ["completed", 2, 1]);
  });

  test(`a run whose agent ${name} ends where lost ones are to fail, in words that are true`, async (t) => {
    const { bench } = await cameBack(t, { lost: "fail", exit, first: { output: ["as far as I got\n"] } });
    const run = await takeUp(bench);
    assert.equal(run.outcome?.kind === "failed" && run.outcome.reason, "lost");
    const [answer, ...more] = await bench.answers();
    assert.match(answer ?? "", /worker worker was away for too long, and the agent did not outlive that/);
    assert.doesNotMatch(answer ?? "", /nobody saw|SIGKILL|was lost/);
    assert.match(answer ?? "", /as far as I got/);
    assert.deepEqual(more, []);
    assert.deepEqual(
      bench.forge.times.map(({ seconds }) => seconds),
      [0],
    );
  });
}

test("one that was cancelled meanwhile gets no new start", async (t) => {
  const { bench, id } = await cameBack(t, { lost: "restart", exit: BY_GUARD });
  const delivery = { forge: "codeberg", id: "cancel" };
  await bench.store.receive({ ...delivery, event: "any", body: "[]", receivedAt: 1 });
  const changes = [{ kind: "cancel", runId: id, by: ALICE }] as const;
  await bench.store.settle({ delivery, keys: [], changes, effects: [] });
  assert.equal((await takeUp(bench)).state, "cancelled");
});

test("one whose agent had asked by then is blocked on its question", async (t) => {
  const first: FakeScript = {
    act: ({ folders }) => writeFile(join(folders.checkout, "BLOCKED.md"), "Which colour?"),
  };
  const { bench } = await cameBack(t, { lost: "restart", exit: BY_GUARD, first });
  assert.equal((await takeUp(bench)).state, "blocked");
});

test("one whose agent had said by then that all is done is published", async (t) => {
  const { bench } = await cameBack(t, { lost: "restart", exit: BY_GUARD, first: { output: [DONE] } });
  const run = await takeUp(bench);
  assert.deepEqual([run.state, run.attempt], ["completed", 1]);
});

test("a person's retry gives a run all its new beginnings again", async (t) => {
  const { bench, id } = await cameBack(t, { lost: "restart", exit: BY_GUARD });
  const { store } = bench;
  const { handle } = (await store.run(id))!;
  let claim = (await store.takeOver("worker", LEASE_MS, "own"))[0]!;
  const loseIt = async (detail: string) => {
    await store.move(claim.lease, "queued", {}, [], { detail });
    claim = await bench.claim();
    await store.move(claim.lease, "running", { handle }, []);
  };
  for (let round = 0; round < 3; round++) await loseIt("lost with worker worker");
  const outcome = { kind: "failed", reason: "lost", why: "Away.", fix: null } as const;
  await store.move(claim.lease, "publishing", { outcome }, []);
  await store.move(claim.lease, "failed", {}, []);
  const delivery = { forge: "codeberg", id: "retry" };
  await store.receive({ ...delivery, event: "any", body: "[]", receivedAt: 1 });
  const changes = [{ kind: "requeue", runId: id, answer: null }] as const;
  await store.settle({ delivery, keys: [], changes, effects: [] });
  claim = await bench.claim();
  await store.move(claim.lease, "running", { handle }, []);
  assert.equal((await takeUp(bench)).state, "queued");
});
