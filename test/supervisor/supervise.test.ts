/** Who ends a run, what is named as the cause, and that nothing is left running. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { AgentEvent, OutputReader } from "../../src/agents/agent.ts";
import type { Runtime, StartSpec } from "../../src/runtimes/runtime.ts";
import type { RunLog } from "../../src/supervisor/run-log.ts";
import { type SuperviseRequest, supervise } from "../../src/supervisor/supervise.ts";
import { createFakeRuntime, type FakeScript } from "../fakes/runtime.ts";

const SPEC: StartSpec = {
  runId: "r",
  attempt: 1,
  argv: ["agent"],
  env: {},
  stdin: "",
  folders: { checkout: "/c", meta: "/m", home: "/h", logs: "/l" },
  limits: { memoryBytes: null, cpus: null, pids: null },
  image: null,
  gpu: false,
  network: "open",
  visible: [],
  confined: false,
};
const LIMITS = { totalMs: 60_000, idleMs: 60_000, graceMs: 10, outputBytes: 1e6 };
const RUNS_ON: FakeScript = { output: ["ready\n"], exit: null };

/** A bench of its own for each test; `changes` replace parts of the request. */
async function bench(script: FakeScript, changes: Partial<SuperviseRequest> = {}) {
  const fake = createFakeRuntime(() => script);
  const heard: string[] = [];
  const logged: string[] = [];
  const events: AgentEvent[] = [];
  const cancel = new AbortController();
  const lose = new AbortController();
  const leave = new AbortController();
  const runtime: Runtime = changes.runtime ?? fake;
  const log: RunLog = {
    write: (from, line) => void logged.push(`${from}: ${line}`),
    tail: () => [],
    close() {},
  };
  const request: SuperviseRequest = {
    handle: await fake.start(SPEC),
    reader: readerInto(heard),
    log,
    limits: LIMITS,
    startedAt: Date.now(),
    startedTick: performance.now(),
    ticks: () => performance.now(),
    adopted: false,
    cancelled: cancel.signal,
    lost: lose.signal,
    left: leave.signal,
    onEvent: (event) => void events.push(event),
    watchDisk: () => () => {},
    ...changes,
    runtime,
  };
  return { fake, request, heard, logged, events, cancel, lose, leave };
}

function readerInto(heard: string[]): OutputReader {
  return {
    line(text, stream) {
      heard.push(`${stream}: ${text}`);
      return [{ kind: "message", text }];
    },
    end: (code) => ({
      ok: code === 0,
      failure: null,
      cause: null,
      resetsAt: null,
      lastMessage: heard.at(-1) ?? null,
      session: `exit ${code}`,
      usage: null,
    }),
  };
}

test("every line of both streams reaches the reader and the log before the end is told", async () => {
  const output = ["one\ntw", { stream: "stderr", text: "oops" } as const, "o\nlast"];
  const { request, heard, logged, events } = await bench({ output, exit: { code: 7 } });
  const supervised = await supervise(request);
  assert.equal(supervised.ended, "exit");
  assert.deepEqual(supervised.exit, { code: 7, signal: null, outOfMemory: false });
  assert.equal(supervised.result.session, "exit 7");
  assert.deepEqual(heard, ["stdout: one", "stdout: two", "stdout: last", "stderr: oops"]);
  assert.deepEqual(logged, heard);
  assert.equal(events.length, 4);
});

test("the end is as far after the start as the agent worked, whatever the wall clock says of it", async () => {
  for (const endedAt of [0, 3_000, Date.now()]) {
    const clock = { startedAt: 1_000, startedTick: 70, ticks: () => 4_070.4 };
    const { request } = await bench({ exit: { endedAt } }, clock);
    const supervised = await supervise(request);
    assert.deepEqual([supervised.startedAt, supervised.endedAt], [1_000, 5_000]);
  }
});

test("a cancelled agent is stopped, and what it had said is kept", async () => {
  const { request, cancel, fake, heard } = await bench(RUNS_ON, { onEvent: () => cancel.abort() });
  const { ended, exit } = await supervise(request);
  assert.deepEqual([ended, exit.signal, fake.living()], ["cancelled", "SIGTERM", 0]);
  assert.deepEqual(heard, ["stdout: ready"]);
});

test("an agent that ignores TERM is killed after the grace", async () => {
  const { request, cancel } = await bench({ ...RUNS_ON, ignoresTerm: true });
  cancel.abort();
  assert.equal((await supervise(request)).exit.signal, "SIGKILL");
});

test("a lost lease stops the agent, and counts before a cancel", async () => {
  const { request, lose, cancel, fake } = await bench(RUNS_ON);
  cancel.abort();
  lose.abort();
  assert.equal((await supervise(request)).ended, "lost");
  assert.equal(fake.living(), 0);
});

test("an agent left for the next bot goes on, and its lines so far are in the log", async () => {
  const { request, leave, fake, logged } = await bench(RUNS_ON, { onEvent: () => leave.abort() });
  const { ended, exit } = await supervise(request);
  assert.deepEqual([ended, exit.code, fake.living()], ["left", null, 1]);
  assert.deepEqual(logged, ["stdout: ready"]);
});

test("an agent that is being stopped already is not left", async () => {
  const { request, cancel, leave, fake } = await bench({ ...RUNS_ON, ignoresTerm: true });
  const supervised = supervise(request);
  cancel.abort();
  leave.abort();
  assert.equal((await supervised).ended, "cancelled");
  assert.equal(fake.living(), 0);
});

test("the total limit counts from the agent's start, also over a restart of the bot", async () => {
  const limits = { ...LIMITS, totalMs: 3_600_000 };
  const startedTick = performance.now() - 3_600_001;
  const { request, fake } = await bench(RUNS_ON, { limits, startedTick, adopted: true });
  assert.equal((await supervise(request)).ended, "total");
  assert.equal(fake.living(), 0);
});

test("an agent that ended while the bot was down did not time out, and the time down is not booked", async () => {
  const startedAt = Date.now();
  const exit = { code: 0, endedAt: startedAt + 5_000 };
  const limits = { ...LIMITS, totalMs: 3_600_000 };
  const clock = { startedAt, startedTick: 0, ticks: () => 7_200_000, adopted: true };
  const { request } = await bench({ output: ["done\n"], exit }, { limits, ...clock });
  await request.runtime.wait(request.handle);
  const supervised = await supervise(request);
  assert.deepEqual([supervised.ended, supervised.endedAt], ["exit", exit.endedAt]);
  assert.deepEqual(supervised.exit, { code: 0, signal: null, outOfMemory: false });
});

test("the time in which this process was stopped is not booked on an agent that ended meanwhile", async () => {
  const startedAt = Date.now();
  let tick = 0;
  const times = { startedAt, startedTick: 0, ticks: () => tick };
  const { fake, request } = await bench({}, times);
  const runtime: Runtime = {
    ...fake,
    async wait(handle) {
      const exit = await fake.wait(handle);
      // Stopped for half a minute, and the end is noticed after it.
      tick = 32_000;
      return { ...exit, endedAt: startedAt + 2_000 };
    },
  };
  assert.equal((await supervise({ ...request, runtime })).endedAt, startedAt + 2_000);
});

test("no limit of time strikes an agent that has ended and whose end is still being cleared up", async () => {
  const { fake, request } = await bench({});
  await fake.wait(request.handle);
  const runtime: Runtime = {
    ...fake,
    wait: (handle) => setTimeout(60).then(() => fake.wait(handle)),
    stop: () => Promise.reject(new Error("there is nothing to stop")),
  };
  const limits = { ...LIMITS, totalMs: 10, idleMs: 10 };
  assert.equal((await supervise({ ...request, runtime, limits })).ended, "exit");
});

test("a limit of time holds where it cannot be learnt whether the agent has ended", async () => {
  const fake = createFakeRuntime(() => RUNS_ON);
  const runtime: Runtime = { ...fake, ended: () => Promise.reject(new Error("no answer")) };
  const limits = { ...LIMITS, totalMs: 10 };
  const { request } = await bench(RUNS_ON, { runtime, handle: await fake.start(SPEC), limits });
  assert.equal((await supervise(request)).ended, "total");
});

test("an end told by another clock lies between the start and now", async () => {
  const times = { startedAt: 1_000, startedTick: 0, ticks: () => 4_000, adopted: true };
  const endedAt = async (told: number) =>
    (await supervise((await bench({ exit: { endedAt: told } }, times)).request)).endedAt;
  assert.deepEqual([await endedAt(0), await endedAt(2_000), await endedAt(9_000)], [1_000, 2_000, 5_000]);
});

test("the total limit ends an agent that talks on", async () => {
  const script = { output: Array.from({ length: 400 }, () => "on and on\n"), pauseMs: 5, exit: null };
  const { request } = await bench(script, { limits: { ...LIMITS, totalMs: 50 } });
  assert.equal((await supervise(request)).ended, "total");
});

test("the idle limit ends an agent that says nothing", async () => {
  const { request } = await bench({ exit: null }, { limits: { ...LIMITS, idleMs: 30 } });
  assert.equal((await supervise(request)).ended, "idle");
});

test("any output, even a part of a line on stderr, keeps an agent from being idle", async () => {
  const output = Array.from({ length: 12 }, () => ({ stream: "stderr", text: "." }) as const);
  const { request } = await bench({ output, pauseMs: 25 }, { limits: { ...LIMITS, idleMs: 250 } });
  assert.equal((await supervise(request)).ended, "exit");
});

test("an agent that prints more than it may is stopped, and the rest is not read", async () => {
  const output = Array.from({ length: 50 }, () => `${"x".repeat(99)}\n`);
  const limits = { ...LIMITS, outputBytes: 1_000 };
  const { request, heard, fake } = await bench({ output, exit: null }, { limits });
  assert.equal((await supervise(request)).ended, "output");
  assert.equal(heard.length, 11);
  assert.equal(fake.living(), 0);
});

test("too much output is named even when the agent ended before it was read", async () => {
  const limits = { ...LIMITS, outputBytes: 10 };
  const { request } = await bench({ output: ["x".repeat(100)] }, { limits });
  await request.runtime.wait(request.handle);
  assert.equal((await supervise(request)).ended, "output");
});

test("an agent that fills the disk is stopped with that as its cause, and watched no longer than it lives", async () => {
  for (const why of ["disk", "full"] as const) {
    let watching = false;
    const watchDisk: SuperviseRequest["watchDisk"] = (end) => {
      watching = true;
      setImmediate(() => end(why));
      return () => {
        watching = false;
      };
    };
    const { request, fake } = await bench(RUNS_ON, { watchDisk });
    assert.equal((await supervise(request)).ended, why);
    assert.deepEqual([fake.living(), watching], [0, false]);
  }
});

test("the first cause wins over later ones", async () => {
  const { request, cancel, lose } = await bench(
    { ...RUNS_ON, ignoresTerm: true },
    { limits: { ...LIMITS, graceMs: 40, idleMs: 10 } },
  );
  cancel.abort();
  const supervised = supervise(request);
  lose.abort();
  assert.equal((await supervised).ended, "cancelled");
});

test("limits longer than a timer can be are no limits that strike at once", async () => {
  const limits = { ...LIMITS, totalMs: 2 ** 40, idleMs: 2 ** 40 };
  const { request } = await bench({ pauseMs: 20 }, { limits });
  assert.equal((await supervise(request)).ended, "exit");
});

test("when something breaks on our side, the agent is stopped and the error told", async () => {
  const onEvent = () => {
    throw new Error("we broke");
  };
  const { request, fake } = await bench(RUNS_ON, { onEvent });
  await assert.rejects(supervise(request), /we broke/);
  assert.equal(fake.living(), 0);
});

test("an agent that cannot be stopped is an error and no endless wait", async () => {
  const fake = createFakeRuntime(() => RUNS_ON);
  const runtime: Runtime = { ...fake, stop: () => Promise.reject(new Error("it does not end")) };
  const { request, cancel } = await bench(RUNS_ON, { runtime, handle: await fake.start(SPEC) });
  cancel.abort();
  await assert.rejects(supervise(request), /it does not end/);
});

test("no timer or listener is left behind", async () => {
  const { request, cancel } = await bench({}, { limits: { ...LIMITS, idleMs: 2 ** 30, totalMs: 2 ** 30 } });
  const before = process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  await supervise(request);
  const after = process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  assert.ok(after <= before, `${after} timers after, ${before} before`);
  cancel.abort();
});
