import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { createWorker, type WorkerDeps } from "../../src/worker/worker.ts";
import { type Bench, type BenchOptions, DONE, LEASE_MS, openBench } from "./bench.ts";
import { pass } from "./machine.ts";
import { createPlainFleet } from "./plain-fleet.ts";
import { until } from "./wait.ts";

/** A worker on a bench; `stop` ends it as a process does that stops its agents. */
async function openWorker(t: TestContext, options: BenchOptions = {}, more: Partial<WorkerDeps> = {}) {
  const bench = await openBench(t, options);
  return { bench, ...runWorker(bench, more) };
}

function runWorker(bench: Bench, more: Partial<WorkerDeps> = {}) {
  const [drain, leave, halt] = [new AbortController(), new AbortController(), new AbortController()];
  const worker = createWorker({
    ...bench.deps,
    closedForges: () => [],
    onQueueMoved: async () => {},
    ...more,
  });
  const end = worker.run({ drain: drain.signal, leave: leave.signal, halt: halt.signal });
  const stop = async () => {
    drain.abort();
    halt.abort();
    await end;
  };
  bench.ends.push(stop);
  return { worker, drain, leave, halt, end, stop };
}

const stateOf = async (bench: Bench, id: string) => (await bench.store.run(id))?.state;
const inState = (bench: Bench, id: string, state: string) =>
  until(async () => (await stateOf(bench, id)) === state, `${id} to be ${state}`);

test("runs are taken as they come, and worked to their ends", async (t) => {
  const { bench } = await openWorker(t);
  const ids = [await bench.enqueue({ issue: 1 }), await bench.enqueue({ issue: 2 })];
  for (const id of ids) await inState(bench, id, "completed");
});

test("no more run at once than the caps allow, and the next begins when one ends", async (t) => {
  const gates = new Map<number, PromiseWithResolvers<void>>();
  const change = (config: Bench["config"]) => ({ ...config, caps: { ...config.caps, total: 2 } });
  const { bench, worker } = await openWorker(t, { change });
  const { push } = bench.workspaces;
  bench.workspaces.push = async (request) => {
    const issue = Number(request.workspace.branch.split("-").at(-1));
    gates.set(issue, Promise.withResolvers());
    await gates.get(issue)?.promise;
    await push(request);
  };
  const ids: string[] = [];
  for (const issue of [1, 2, 3]) ids.push(await bench.enqueue({ issue }));
  await until(() => gates.size === 2, "two at work");
  assert.deepEqual([await stateOf(bench, ids[2]!), worker.active()], ["queued", 2]);
  gates.get(1)?.resolve();
  await until(() => gates.size === 3, "the third to begin");
  gates.get(2)?.resolve();
  gates.get(3)?.resolve();
  for (const id of ids) await inState(bench, id, "completed");
});

test("caps are read anew for each claim, so a reload counts", async (t) => {
  const change = (config: Bench["config"]) => ({ ...config, caps: { ...config.caps, total: 0 } });
  const { bench } = await openWorker(t, { change });
  const id = await bench.enqueue();
  for (let rounds = 0; rounds < 20; rounds++) await turn();
  assert.equal(await stateOf(bench, id), "queued");
  bench.config = { ...bench.config, caps: { ...bench.config.caps, total: 1 } };
  await bench.store.setFrozen(false);
  await inState(bench, id, "completed");
});

test("whoever waits is told whenever the queue moved", async (t) => {
  let told = 0;
  const onQueueMoved = async () => void told++;
  const { bench } = await openWorker(t, {}, { onQueueMoved });
  await until(() => told > 0, "a first look");
  const before = told;
  const id = await bench.enqueue();
  await inState(bench, id, "completed");
  await until(() => told > before, "the news");
});

test("what an earlier process left is taken up at the start, also when its lease still runs", async (t) => {
  const bench = await openBench(t);
  const id = await bench.enqueue();
  await bench.claim();
  runWorker(bench);
  await inState(bench, id, "completed");
});

test("a run whose holder fell silent is taken up when its lease has run out", async (t) => {
  const { bench } = await openWorker(t, {}, { config: () => frozenConfig(bench) });
  const id = await bench.enqueue();
  assert.ok(await bench.store.claim("a silent one", bench.config.caps, LEASE_MS));
  await pass(bench, LEASE_MS);
  await bench.store.setFrozen(false);
  await inState(bench, id, "completed");
});

/** Takes no run by itself. */
function frozenConfig(bench: Bench): Bench["config"] {
  return { ...bench.config, caps: { ...bench.config.caps, total: 0 } };
}

test("a host that slept past the leases goes on with its runs: their agents are not stopped", async (t) => {
  const script = () => ({ output: ["working\n"], exit: null, onTerm: { exit: { code: 9 } } });
  const { bench } = await openWorker(t, { script });
  const id = await bench.enqueue();
  await inState(bench, id, "running");
  bench.clock.ms += 40 * LEASE_MS;
  await bench.store.setFrozen(false);
  for (let rounds = 0; rounds < 50; rounds++) await turn();
  assert.equal(bench.runtime.living(), 1);
  assert.deepEqual(
    bench.logged.filter(({ msg }) => /left to its next holder/.test(msg)),
    [],
  );
});

test("a store that fails for a moment does not end the worker", async (t) => {
  const bench = await openBench(t);
  const id = await bench.enqueue();
  let failures = 1;
  const { claim } = bench.store;
  const store = {
    ...bench.store,
    async claim(...given: Parameters<typeof claim>) {
      if (failures-- > 0) throw new Error("disk I/O error");
      return await claim(...given);
    },
  };
  runWorker(bench, { store });
  await until(() => bench.logged.some(({ reason }) => reason === "disk I/O error"), "the trouble");
  await bench.store.setFrozen(false);
  await inState(bench, id, "completed");
});

test("draining takes nothing new and waits for what runs", async (t) => {
  const gate = Promise.withResolvers<void>();
  const { bench, worker, drain, end } = await openWorker(t);
  const { push } = bench.workspaces;
  bench.workspaces.push = async (request) => {
    await gate.promise;
    await push(request);
  };
  const first = await bench.enqueue({ issue: 1 });
  await inState(bench, first, "publishing");
  drain.abort();
  const second = await bench.enqueue({ issue: 2 });
  for (let rounds = 0; rounds < 20; rounds++) await turn();
  assert.deepEqual([await stateOf(bench, second), worker.active()], ["queued", 1]);
  gate.resolve();
  await end;
  assert.equal(await stateOf(bench, first), "completed");
});

test("leaving lets the agents live, for the next start to take up", async (t) => {
  const { bench, drain, leave, end } = await openWorker(t, {
    script: () => ({ output: [DONE], exit: null, onTerm: { exit: { code: 0 } } }),
  });
  const id = await bench.enqueue();
  await inState(bench, id, "running");
  drain.abort();
  leave.abort();
  await end;
  assert.deepEqual([await stateOf(bench, id), bench.runtime.living()], ["running", 1]);
  runWorker(bench);
  await until(() => bench.logged.some(({ msg }) => /taking up runs/.test(msg)), "the next start");
  await bench.runtime.stop((await bench.runtime.list())[0]!, 1_000);
  await inState(bench, id, "completed");
});

test("a run that breaks the worker's own steps is let go of, and taken up when its lease has run out", async (t) => {
  const bench = await openBench(t);
  const id = await bench.enqueue();
  let failures = 1;
  const { move } = bench.store;
  const store = {
    ...bench.store,
    async move(...given: Parameters<typeof move>) {
      if (given[1] === "completed" && failures-- > 0) throw new Error("disk full");
      return await move(...given);
    },
  };
  const { worker } = runWorker(bench, { store });
  await until(
    () => bench.logged.some(({ msg }) => /could not be brought to an end/.test(msg)) && worker.active() === 0,
    "the run to be let go of",
  );
  assert.equal(await stateOf(bench, id), "publishing");
  await pass(bench, LEASE_MS);
  await bench.store.setFrozen(false);
  await inState(bench, id, "completed");
  await bench.outbox.flush();
  assert.equal((await bench.answers()).length, 1);
});

test("no run of a closed forge is begun, until it is open again", async (t) => {
  let closed = ["codeberg"];
  const { bench } = await openWorker(t, {}, { closedForges: () => closed });
  const id = await bench.enqueue();
  for (let rounds = 0; rounds < 20; rounds++) await turn();
  assert.equal(await stateOf(bench, id), "queued");
  closed = [];
  await bench.store.setFrozen(false);
  await inState(bench, id, "completed");
});

test("a worker tells the others that it lives, again and again, and when it goes for good", async (t) => {
  const fleet = createPlainFleet();
  const { bench, drain, end } = await openWorker(t, { fleet }, { leaseMs: 30 });
  for (let told = 0; told < 3; told++) {
    await until(() => fleet.told.get("worker") === 30, "a word");
    fleet.told.clear();
  }
  drain.abort();
  await end;
  assert.deepEqual([...fleet.told], [["worker", 0]]);
  assert.deepEqual(bench.logged, []);
});

test("a worker that waits for its agents is waited for by nobody: it has gone as soon as it drains", async (t) => {
  const fleet = createPlainFleet();
  const script = () => ({ output: ["working\n"], exit: null });
  const { bench, drain, worker } = await openWorker(t, { fleet, script }, { leaseMs: 60 });
  const id = await bench.enqueue();
  await inState(bench, id, "running");
  drain.abort();
  await until(() => fleet.told.get("worker") === 0, "its leave");
  const later = performance.now() + 45;
  await until(() => performance.now() > later, "the time of two words");
  assert.deepEqual([fleet.told.get("worker"), worker.active()], [0, 1]);
});

test("a worker that leaves its agents for its next life is waited for by the others", async (t) => {
  const fleet = createPlainFleet();
  const { drain, leave, end } = await openWorker(t, { fleet });
  await until(() => fleet.told.has("worker"), "a word");
  drain.abort();
  leave.abort();
  await end;
  assert.deepEqual([...fleet.told], [["worker", LEASE_MS]]);
});

test("agents left over by an earlier life whose runs are gone are stopped at the start", async (t) => {
  const bench = await openBench(t, { script: () => ({ exit: null }) });
  const folders = { checkout: "/c", meta: "/m", home: "/h", logs: "/l" };
  const limits = { memoryBytes: null, cpus: null, pids: null };
  const plain = {
    env: {},
    stdin: "",
    image: null,
    gpu: false,
    network: "open" as const,
    visible: [],
    confined: false,
    folders,
    limits,
  };
  await bench.runtime.start({ ...plain, runId: "gone", attempt: 1, argv: ["agent"] });
  runWorker(bench);
  await until(() => bench.runtime.living() === 0, "it to be stopped");
});

test("the log of a run is copied to where other machines read it", async (t) => {
  const fleet = createPlainFleet();
  const { bench } = await openWorker(t, { fleet, script: () => ({ output: ["one\n", DONE] }) });
  const id = await bench.enqueue();
  await inState(bench, id, "completed");
  assert.equal(fleet.logs.get(`${id}.1`), `one\n${DONE}`);
});
