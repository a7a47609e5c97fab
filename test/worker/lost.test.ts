/** A worker is lost with a run, and another, on another machine, takes it over. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { RunHandle } from "../../src/runtimes/runtime.ts";
import type { RunPatch } from "../../src/store/store.ts";
import { ALICE, type Bench, type BenchOptions, DONE, LEASE_MS, openBench } from "./bench.ts";
import { openMachine, pass, workAll } from "./machine.ts";
import { createPlainFleet } from "./plain-fleet.ts";

const COMPLETED = { kind: "completed", work: null, review: null } as const;
const REPORT = {
  exit: { code: 0, signal: null, outOfMemory: false },
  lastMessage: "Fine work.",
  logTail: [],
  usage: null,
};

const asFailed = (config: Bench["config"]): Bench["config"] => ({ ...config, lost: "fail" });
const asRestarted = (config: Bench["config"]): Bench["config"] => ({ ...config, lost: "restart" });

/** A run that was `preparing` on "worker" when that was lost; `patch` is what it would have recorded next. */
async function lost(t: TestContext, change = asRestarted, agent = "scripted", isAlone = false) {
  const options: BenchOptions = { change, script: () => ({ output: [DONE] }) };
  const bench = await openBench(t, isAlone ? options : { ...options, fleet: createPlainFleet() });
  const id = await bench.enqueue({ agent, label: `dispatch:${agent}` });
  const { lease, run } = await bench.claim();
  const there: RunHandle = { runtime: "native", runId: id, attempt: 1, ref: "77:1", logs: "/elsewhere" };
  const workspace = { dir: "/elsewhere", branch: "agent/x", base: "main", baseSha: "b", pull: null };
  const patch: RunPatch = {
    workspace,
    handle: JSON.stringify(there),
    session: "theirs",
    startedAt: bench.clock.ms,
  };
  const other = openMachine(bench, "other", { output: [DONE] });
  return { bench, id, lease, run, patch, other };
}

type Lost = Awaited<ReturnType<typeof lost>>;

async function toRunning({ bench, lease, patch }: Lost): Promise<void> {
  await bench.store.move(lease, "running", patch, [], { detail: "worker" });
}

async function toPublishing(found: Lost, outcome: NonNullable<RunPatch["outcome"]>): Promise<void> {
  await toRunning(found);
  const endedAt = found.bench.clock.ms + 7_000;
  await found.bench.store.move(found.lease, "publishing", { outcome, report: REPORT, endedAt }, []);
}

/** The other worker takes over what was lost, works it and what it finds in the queue, and all is said. */
async function takenOver({ bench, id, other }: Lost) {
  await pass(bench, LEASE_MS);
  const { store } = other.deps;
  const claims = await store.takeOver("other", LEASE_MS, { lostMs: 0 });
  assert.equal(claims[0]?.from, "worker");
  await workAll(claims, other.deps);
  const between = await store.run(id);
  const next = await store.claim("other", bench.config.caps, LEASE_MS);
  if (next) await workAll([next], other.deps);
  await bench.outbox.flush();
  return { between, run: await store.run(id) };
}

const booked = ({ forge }: Bench) => forge.times.map(({ seconds }) => seconds);

test("one that was being prepared is prepared anew on the other machine, as the same attempt", async (t) => {
  const found = await lost(t);
  const { run } = await takenOver(found);
  assert.deepEqual([run?.state, run?.attempt], ["completed", 1]);
  assert.equal(found.other.runtime.started.length, 1);
  assert.deepEqual(await found.other.runtime.list(), []);
  assert.equal((await found.bench.answers()).length, 1);
});

test("one whose agent worked begins anew, and nothing of the lost machine is used", async (t) => {
  const found = await lost(t);
  await toRunning(found);
  const { between, run } = await takenOver(found);
  assert.deepEqual([between?.state, between?.session, between?.handle], ["queued", null, null]);
  assert.deepEqual([run?.state, run?.attempt], ["completed", 2]);
  assert.equal(found.other.workspaces.asked[0]?.keep, false);
  assert.equal(found.other.runtime.started.length, 1);
  assert.deepEqual(booked(found.bench), [0, 0], "the first clock is ended, with nothing booked");
  assert.equal((await found.bench.answers()).length, 1);
});

test("the status comment says that its worker was away and it begins anew", async (t) => {
  const found = await lost(t);
  await toRunning(found);
  await pass(found.bench, LEASE_MS);
  await workAll(await found.bench.store.takeOver("other", LEASE_MS, { lostMs: 0 }), found.other.deps);
  await found.bench.outbox.flush();
  assert.match(
    await found.bench.status(),
    /Queued\*\* again .*worker `worker` was away for too long .*begins anew/,
  );
});

test("one whose work was still to be pushed begins anew, and the time seen is booked once", async (t) => {
  const found = await lost(t);
  await toPublishing(found, COMPLETED);
  const { between, run } = await takenOver(found);
  assert.deepEqual([between?.state, between?.agentMs, run?.state], ["queued", 7_000, "completed"]);
  assert.deepEqual(booked(found.bench), [7, 0]);
  assert.equal((await found.bench.answers()).length, 1);
});

for (const state of ["running", "publishing"] as const) {
  test(`where lost runs are to fail, one that was ${state} ends so, in one answer that names the worker`, async (t) => {
    const found = await lost(t, asFailed);
    await (state === "running" ? toRunning(found) : toPublishing(found, COMPLETED));
    const { run } = await takenOver(found);
    assert.equal(run?.outcome?.kind === "failed" && run.outcome.reason, "lost");
    const [answer, ...more] = await found.bench.answers();
    assert.match(answer ?? "", /worker worker was lost while it had this run/);
    assert.deepEqual([more, found.bench.forge.removed], [[], ["dispatch:scripted"]]);
    assert.deepEqual(booked(found.bench), [state === "running" ? 0 : 7]);
    assert.equal(found.other.runtime.started.length, 0);
    assert.ok(!(await found.bench.store.pools()).some(({ failures }) => failures > 0));
  });

  test(`a cancelled one that was ${state} gets no new start`, async (t) => {
    const found = await lost(t);
    await (state === "running" ? toRunning(found) : toPublishing(found, COMPLETED));
    const delivery = { forge: "codeberg", id: "cancel" };
    await found.bench.store.receive({ ...delivery, event: "any", body: "[]", receivedAt: 1 });
    const changes = [{ kind: "cancel", runId: found.id, by: ALICE }] as const;
    await found.bench.store.settle({ delivery, keys: [], changes, effects: [] });
    const { run } = await takenOver(found);
    assert.deepEqual([run?.state, (await found.bench.answers()).length], ["cancelled", 1]);
  });
}

for (const outcome of [
  { kind: "failed", reason: "agent", why: "It broke.", fix: null },
  { kind: "blocked", question: "Which colour?" },
  { kind: "timed_out", limit: "total", ms: 1_000 },
] as const) {
  test(`one that ${outcome.kind} is answered from here: nothing of the lost machine is needed`, async (t) => {
    const found = await lost(t);
    await toPublishing(found, outcome);
    const { run } = await takenOver(found);
    assert.deepEqual([run?.state, run?.attempt, booked(found.bench)], [outcome.kind, 1, [7]]);
    assert.equal((await found.bench.answers()).length, 1);
  });
}

test("a review is in the report already, and posted from here", async (t) => {
  const found = await lost(t, asRestarted, "critic");
  await toPublishing(found, COMPLETED);
  const { run } = await takenOver(found);
  assert.deepEqual([run?.state, run?.attempt], ["completed", 1]);
  assert.match((await found.bench.answers()).join(), /Fine work\./);
});

test("a run that loses every worker it is given to ends after three new beginnings", async (t) => {
  const found = await lost(t);
  const { bench, patch } = found;
  await toRunning(found);
  for (let round = 0; round < 3; round++) {
    await pass(bench, LEASE_MS);
    await workAll(await bench.store.takeOver("other", LEASE_MS, { lostMs: 0 }), found.other.deps);
    const { lease } = await bench.claim();
    await bench.store.move(lease, "running", patch, []);
  }
  const { run } = await takenOver(found);
  assert.deepEqual([run?.state, run?.attempt], ["failed", 4]);
  assert.match((await bench.answers()).join(), /had begun anew 3 times/);
});

test("a later attempt goes on in the checkout and session of the one before only where that worked", async (t) => {
  for (const [where, kept] of [
    ["other", true],
    ["worker", false],
  ] as const) {
    const found = await lost(t);
    const { bench, lease, patch, other } = found;
    await bench.store.move(lease, "running", patch, [], { detail: where });
    await bench.store.move(lease, "queued", {}, []);
    const next = await bench.store.claim("other", bench.config.caps, LEASE_MS);
    await workAll(next ? [next] : [], other.deps);
    assert.equal(other.workspaces.asked[0]?.keep, kept);
  }
});

test("on one machine nothing is ever away, whatever the worker was called", async (t) => {
  const found = await lost(t, asRestarted, "scripted", true);
  assert.equal(found.bench.store.fleet, null);
  await toPublishing(found, COMPLETED);
  const { run } = await takenOver(found);
  assert.deepEqual([run?.state, run?.attempt], ["completed", 1]);
});
