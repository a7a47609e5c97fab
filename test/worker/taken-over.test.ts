/** Runs found by a process that starts, in each state an earlier one may have left them in. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ForgeError } from "../../src/model/errors.ts";
import type { RunPatch } from "../../src/store/store.ts";
import type { FakeScript } from "../fakes/runtime.ts";
import { type Bench, DONE, LEASE_MS, openBench } from "./bench.ts";
import { WORK } from "./plain-workspaces.ts";

const REPORT = {
  exit: { code: 0, signal: null, outOfMemory: false },
  lastMessage: "Hm.",
  logTail: [],
  usage: null,
};

/** A run that the process before left as `state`, and its agent as the script says. */
async function left(t: TestContext, script: FakeScript, more: { readonly agentLives?: boolean } = {}) {
  const bench = await openBench(t, { script: () => script });
  const id = await bench.enqueue();
  const { lease, run } = await bench.claim();
  const prepared = await bench.workspaces.prepare({
    run,
    defaultBranch: "main",
    credential: { url: "https://x", username: "u", password: "p" },
    pull: null,
    signal: new AbortController().signal,
    keep: false,
  });
  const handle = await bench.runtime.start({
    runId: id,
    attempt: 1,
    argv: ["agent"],
    env: {},
    stdin: "",
    folders: prepared.folders,
    limits: { memoryBytes: null, cpus: null, pids: null },
    image: null,
    gpu: false,
    network: "open",
    visible: [],
    confined: false,
  });
  const patch: RunPatch = {
    workspace: prepared.workspace,
    handle: JSON.stringify(handle),
    startedAt: bench.clock.ms,
  };
  if (more.agentLives === false) await bench.runtime.remove(handle);
  bench.clock.ms += 5_000;
  return { bench, id, lease, patch };
}

async function takeUp(bench: Bench) {
  const claims = await bench.store.takeOver("worker", LEASE_MS, "own");
  assert.equal(claims.length, 1);
  return await bench.work(claims[0]!);
}

test("one left preparing is prepared again, as the same attempt, and the agent nobody recorded is stopped", async (t) => {
  const { bench, id } = await left(t, { output: [DONE] });
  const { ref } = (await bench.runtime.list())[0]!;
  const run = await takeUp(bench);
  assert.deepEqual([run.state, run.attempt], ["completed", 1]);
  assert.equal(bench.runtime.started.length, 2);
  assert.ok(bench.logged.some((line) => line.ref === ref && /not recorded/.test(line.msg)));
  assert.equal((await bench.answers()).length, 1);
  assert.equal(bench.runtime.living(id), 0);
});

test("the agent nobody recorded is stopped also when preparing again comes to nothing", async (t) => {
  const { bench } = await left(t, { exit: null });
  bench.forge.fail("repository", new ForgeError("reading the repository: gone", 404, false));
  const run = await takeUp(bench);
  assert.equal(run.state, "failed");
  assert.equal(bench.runtime.living(), 0);
});

test("another run's agent is left alone", async (t) => {
  const { bench } = await left(t, { output: [DONE] });
  const other = { ...bench.runtime.started[0]!, runId: "another" };
  await bench.runtime.start(other);
  await takeUp(bench);
  assert.deepEqual(
    (await bench.runtime.list()).map(({ runId }) => runId),
    ["another"],
  );
});

test("one left running is watched on from its first line, and answered once", async (t) => {
  const { bench, lease, patch } = await left(t, { output: ["one\n", DONE] });
  await bench.store.move(lease, "running", patch, []);
  const run = await takeUp(bench);
  assert.deepEqual([run.state, run.attempt, bench.runtime.started.length], ["completed", 1, 1]);
  assert.deepEqual(
    bench.forge.times.map(({ seconds }) => seconds),
    [5],
  );
  assert.equal((await bench.answers()).length, 1);
  assert.deepEqual(await bench.runtime.list(), []);
});

test("one whose agent ended unseen is told as lost, with no time booked and its clock ended", async (t) => {
  const { bench, lease, patch } = await left(t, {}, { agentLives: false });
  await bench.store.move(lease, "running", patch, []);
  bench.clock.ms += 40_000;
  const run = await takeUp(bench);
  assert.equal(run.outcome?.kind === "failed" && run.outcome.reason, "lost");
  const [answer] = await bench.answers();
  assert.match(answer ?? "", /lost sight of the agent/);
  assert.doesNotMatch(answer ?? "", /agent time/);
  assert.deepEqual(
    bench.forge.times.map(({ seconds }) => seconds),
    [0],
  );
  assert.deepEqual(await bench.store.pools(), [], "it says nothing of its pool");
});

test("one left running whose agent is not configured any more is stopped and answered", async (t) => {
  const { bench, lease, patch } = await left(t, { exit: null });
  await bench.store.move(lease, "running", patch, []);
  bench.config = { ...bench.config, agents: {} };
  assert.equal((await takeUp(bench)).state, "failed");
  assert.match((await bench.answers()).join(), /unknown agent: scripted/);
  assert.equal(bench.runtime.living(), 0);
  assert.equal(bench.forge.times.length, 1, "its clock is ended");
});

test("one left publishing is published, and nothing is asked of the agent again", async (t) => {
  const { bench, lease, patch } = await left(t, {});
  await bench.store.move(lease, "running", patch, []);
  const outcome = { kind: "completed", work: null, review: null } as const;
  await bench.store.move(lease, "publishing", { outcome, report: REPORT, endedAt: bench.clock.ms }, []);
  const run = await takeUp(bench);
  assert.deepEqual([run.state, bench.workspaces.pushed], ["completed", [WORK.sha]]);
  assert.deepEqual([bench.runtime.started.length, (await bench.answers()).length], [1, 1]);
});

test("one left publishing after the pull request was opened finds it, and opens no second", async (t) => {
  const { bench, lease, patch } = await left(t, {});
  const pull = { head: "agent/issue-15", base: "main", title: "t", body: "", draft: false };
  await bench.forge.openPull({ forge: "codeberg", owner: "acme", name: "shop" }, pull);
  await bench.store.move(lease, "running", patch, []);
  const outcome = { kind: "completed", work: null, review: null } as const;
  await bench.store.move(lease, "publishing", { outcome, report: REPORT, endedAt: bench.clock.ms }, []);
  await takeUp(bench);
  assert.equal(bench.forge.pulls.length, 1);
  assert.match((await bench.answers()).join(), /#1/);
});

test("how it ended was decided on the way into publishing: nothing there changes it", async (t) => {
  const { bench, lease, patch } = await left(t, {});
  await bench.store.move(lease, "running", patch, []);
  const outcome = { kind: "timed_out", limit: "total", ms: 1_000 } as const;
  await bench.store.move(lease, "publishing", { outcome, report: REPORT, endedAt: bench.clock.ms }, []);
  const run = await takeUp(bench);
  assert.deepEqual([run.state, run.outcome, bench.workspaces.pushed], ["timed_out", outcome, []]);
});
