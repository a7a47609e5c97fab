import assert from "node:assert/strict";
import { test } from "node:test";
import { type Held, judgeLimits } from "../../src/doctor/judge-limits.ts";
import { readFacts } from "../../src/doctor/script.ts";
import { type Ended, NO_LIMITS } from "../../src/doctor/trial.ts";

const ABLE: Held = { lacks: {}, limits: NO_LIMITS };
const ended = (code: number | null, outOfMemory = false): Ended => ({
  exit: { code, signal: code === null ? "SIGKILL" : null, outOfMemory },
  stdout: "",
  stderr: "",
});
const results = (printed: string, end: Ended = ended(0), held = ABLE) =>
  judgeLimits(readFacts(printed), end, held).map(({ result }) => result);

test("limits hold where memory is refused, the quota is set and no process more is started", () => {
  assert.deepEqual(results("doctor:cpu 50000 100000\ndoctor:memory 137\ndoctor:forking 64\n"), [
    "pass",
    "pass",
    "pass",
  ]);
});

test("limits that were taken for nothing fail", () => {
  const printed = "doctor:cpu max 100000\ndoctor:memory 0\ndoctor:forking 64\ndoctor:forked 64\n";
  assert.deepEqual(results(printed), ["fail", "fail", "fail"]);
  assert.deepEqual(results("doctor:cpu -1\ndoctor:memory 137\ndoctor:forking 64\n")[1], "fail");
});

test("a run that ends as a whole for its memory has held, and shows nothing of processes", () => {
  for (const end of [ended(null, true), ended(137)])
    assert.deepEqual(results("doctor:cpu 50000\n", end), ["pass", "pass", "warn"]);
});

test("an agent that ended before it tried has shown nothing", () => {
  assert.deepEqual(results("", ended(1)), ["fail", "warn", "warn"]);
});

test("what the runtime cannot hold fails where it is set, and is only told where it is not", () => {
  const lacks = { memory: "no cgroups", cpus: "no cgroups", pids: "no cgroups" };
  const limits = { memoryBytes: 1 << 30, cpus: null, pids: null };
  const judged = judgeLimits(null, null, { lacks, limits });
  assert.deepEqual(
    judged.map(({ result }) => result),
    ["fail", "pass", "pass"],
  );
  assert.deepEqual(
    [judged[0]?.detail, judged[0]?.fix],
    ["dispatch.memory is set and is not held", "no cgroups"],
  );
});
