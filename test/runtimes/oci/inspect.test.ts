import assert from "node:assert/strict";
import { test } from "node:test";
import { parseInspect } from "../../../src/runtimes/oci/inspect.ts";

const NEVER = "0001-01-01T00:00:00Z";
const STARTED = "2026-11-27T21:01:07.151952973Z";
const ENDED = "2026-11-27T21:01:20.939593527Z";

/** As docker 20.10 and podman 4.3 print it, down to what is read. */
const container = (state: object, more: object = {}) =>
  JSON.stringify([
    {
      Id: "0150f6",
      Name: "/x",
      State: { Pid: 0, ExitCode: 0, OOMKilled: false, ...state },
      Config: { Labels: null },
      ...more,
    },
  ]);
const phase = (state: object) => parseInspect(container(state))[0]?.phase;

test("the end of a container is told with its code and time", () => {
  const [found] = parseInspect(
    container({ Status: "exited", ExitCode: 7, StartedAt: STARTED, FinishedAt: ENDED }),
  );
  assert.equal(found?.phase, "ended");
  assert.equal(found?.code, 7);
  assert.equal(found?.endedAt, Date.parse("2026-11-27T21:01:20.939Z"));
});

test("one that was made and never started has not ended, though it says exit code 0", () => {
  assert.equal(phase({ Status: "created", StartedAt: NEVER, FinishedAt: NEVER }), "waiting");
  assert.equal(phase({ Status: "exited", StartedAt: NEVER, FinishedAt: NEVER }), "waiting");
});

test("one that is paused or being stopped still runs", () => {
  for (const status of ["running", "paused", "stopping"]) {
    assert.equal(phase({ Status: status, Pid: 5, StartedAt: STARTED, FinishedAt: NEVER }), "running");
  }
});

test("podman's and docker's words for labels, memory and ids are the same", () => {
  const more = { Config: { Labels: { a: "b" } }, HostConfig: { Memory: 64 } };
  const [found] = parseInspect(
    container({ Status: "running", Pid: 5, OOMKilled: true, StartedAt: STARTED }, more),
  );
  assert.deepEqual(found, {
    id: "0150f6",
    labels: { a: "b" },
    phase: "running",
    code: 0,
    pid: 5,
    outOfMemory: true,
    memoryBytes: 64,
    endedAt: null,
  });
});

test("what is missing, empty or no JSON is no container", () => {
  for (const text of ["", "[]", "null", "Error: no such container x"])
    assert.deepEqual(parseInspect(text), []);
});
