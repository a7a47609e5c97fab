import assert from "node:assert/strict";
import { test } from "node:test";
import { exitOf } from "../../../src/runtimes/container/exit.ts";

const facts = { code: 137, outOfMemory: false, hasMemoryLimit: true, killedBy: null, endedAt: 5 } as const;

test("codes are told as they are, and three of them as the signals they stand for", () => {
  const plain = { signal: null, outOfMemory: false, endedAt: 5 };
  for (const code of [0, 1, 125, 126, 127, 130, 255])
    assert.deepEqual(exitOf({ ...facts, code }), { code, ...plain });
  assert.equal(exitOf({ ...facts, code: 143 }).signal, "SIGTERM");
  assert.equal(exitOf({ ...facts, code: 139 }).signal, "SIGSEGV");
});

test("a KILL that none of us sent is for memory where memory is limited, whatever the engine says", () => {
  assert.deepEqual(exitOf(facts), { code: null, signal: "SIGKILL", outOfMemory: true, endedAt: 5 });
  assert.equal(exitOf({ ...facts, hasMemoryLimit: false }).outOfMemory, false);
  assert.equal(exitOf({ ...facts, hasMemoryLimit: false, outOfMemory: true }).outOfMemory, true);
  assert.equal(exitOf({ ...facts, code: 139 }).outOfMemory, false);
});

test("a KILL of ours is not for memory, and the guard's says that the agent was abandoned", () => {
  assert.deepEqual(exitOf({ ...facts, killedBy: "bot" }), {
    code: null,
    signal: "SIGKILL",
    outOfMemory: false,
    endedAt: 5,
  });
  assert.equal(exitOf({ ...facts, killedBy: "guard" }).abandoned, true);
  assert.equal(exitOf({ ...facts, killedBy: "guard", code: 0 }).abandoned, undefined);
});
