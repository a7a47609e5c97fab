import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { createWorker } from "../../src/worker/worker.ts";
import { type Bench, DONE, openBench, REPO } from "../worker/bench.ts";

const CAPS = { total: 5, perRepository: 3, perPool: 4, pools: { other: 2 }, models: { "scripted:slow": 1 } };
const RUNS = 60;

/** How many of the same kind worked at once, at most. */
function tally() {
  const now = new Map<string, number>();
  const most = new Map<string, number>();
  const add = (kinds: readonly string[], step: 1 | -1) => {
    for (const kind of kinds) {
      const count = (now.get(kind) ?? 0) + step;
      now.set(kind, count);
      most.set(kind, Math.max(count, most.get(kind) ?? 0));
    }
  };
  return { most, add };
}

/** What comes of another command on an issue of `project-0`. */
async function secondOn({ store }: Bench, issue: number) {
  const repo = { ...REPO, name: "project-0" };
  const first = await store.activeRun(repo, issue);
  const delivery = { forge: REPO.forge, id: "again" };
  await store.receive({ ...delivery, event: "any", body: "[]", receivedAt: 1 });
  const run = { ...first!, id: "second" };
  return await store.settle({ delivery, keys: [], changes: [{ kind: "enqueue", run }], effects: [] });
}

test("One active run per issue; pool, model, repository and total caps hold exactly.", async (t) => {
  const { most, add } = tally();
  const bench = await openBench(t, {
    script: () => ({ output: [DONE] }),
    change: (config) => ({ ...config, caps: CAPS, agents: { ...config.agents } }),
  });
  const { meanwhile: _, ...workspaces } = bench.workspaces;
  const prepare = bench.workspaces.prepare;
  const kinds = new Map<string, readonly string[]>();
  bench.workspaces.prepare = async (request) => {
    const { run } = request;
    kinds.set(run.id, [
      "total",
      `repository ${run.repo.name}`,
      `pool ${run.pool}`,
      `model ${run.request.agent}`,
    ]);
    add(kinds.get(run.id) ?? [], 1);
    for (let wait = run.issue.number % 7; wait > 0; wait--) await turn();
    return await prepare(request);
  };
  bench.workspaces.collect = async (request) => {
    for (let wait = request.run.issue.number % 5; wait > 0; wait--) await turn();
    const work = await workspaces.collect(request);
    add(kinds.get(request.run.id) ?? [], -1);
    return work;
  };
  const agents = ["scripted", "scripted:slow", "other", "other:fast"];
  for (let n = 0; n < RUNS; n++) {
    const repo = { ...REPO, name: `project-${n % 3}` };
    await bench.enqueue({ issue: n, repo, agent: agents[n % agents.length] ?? "" });
  }
  const again = await secondOn(bench, 0);
  assert.equal(again, "conflict", "an issue that has a run gets no second one");
  const drain = new AbortController();
  const never = new AbortController().signal;
  const worker = createWorker({ ...bench.deps, closedForges: () => [], onQueueMoved: async () => {} });
  const end = worker.run({ drain: drain.signal, leave: never, halt: never });
  bench.ends.push(async () => {
    drain.abort();
    await end;
  });
  const limit = Date.now() + 60_000;
  while ((await bench.store.runs({ states: ["completed"], limit: RUNS })).length < RUNS) {
    assert.ok(Date.now() < limit, "all runs to end");
    await turn();
  }
  assert.equal(most.get("total"), CAPS.total, "the total cap is reached, and never passed");
  assert.equal(most.get("pool other"), 2);
  assert.equal(most.get("model scripted:slow"), 1);
  for (const [kind, count] of most) {
    const cap = kind.startsWith("repository")
      ? CAPS.perRepository
      : kind.startsWith("pool")
        ? CAPS.perPool
        : 5;
    assert.ok(count <= cap, `${kind}: ${count} at once`);
  }
});
