/** How long interrupted runs take to move on, and when that is too long. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRecovery } from "./recovery.ts";
import type { HeldRun } from "./store-view.ts";

const RUN: HeldRun = { id: "r1", state: "running", lease: "a", worker: "w1" };

/** Everything of it is set from outside; `until` resolves when what it is asked for holds. */
function watched() {
  const world = { now: 1000, since: 0 as number | null, held: [RUN] as HeldRun[], looks: 0 };
  const end = new AbortController();
  const recovery = createRecovery({
    view: {
      sight: async () => {
        world.looks += 1;
        return { held: world.held, queued: 0, openDeliveries: 0, waitingEffects: 0, begunEffects: 0 };
      },
    },
    bound: { ms: 5000, since: () => world.since },
    mayLook: () => true,
    now: () => world.now,
    lookMs: 1,
  });
  const over = recovery.run(end.signal);
  const looked = async () => {
    const from = world.looks;
    while (world.looks < from + 2) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  const close = async () => {
    end.abort();
    await over;
  };
  return { world, recovery, looked, close, signal: end.signal };
}

test("a run that another worker took over in time is measured and not late", async (t) => {
  const { world, recovery, looked, close, signal } = watched();
  t.after(close);
  recovery.interrupted([RUN], world.now);
  world.now = 5900;
  await looked();
  world.held = [{ ...RUN, lease: "b", worker: "w2" }];
  await recovery.settled(signal);
  assert.deepEqual([recovery.takenOverMs, recovery.movedMs, recovery.late], [[4900], [], []]);
});

test("a run that has not moved on within the bound is late, once", async (t) => {
  const { world, recovery, looked, close, signal } = watched();
  t.after(close);
  recovery.interrupted([RUN], world.now);
  await looked();
  world.now = 6001;
  await recovery.settled(signal);
  assert.equal(recovery.late.length, 1);
  assert.match(recovery.late[0] ?? "", /run r1 \(running, w1\) has not moved on for 5\.0 s/);
});

test("the bound counts from the last interruption, and only while nothing is in the way", async (t) => {
  const { world, recovery, looked, close, signal } = watched();
  t.after(close);
  recovery.interrupted([RUN], world.now);
  world.now = 4000;
  recovery.interrupted([RUN], world.now);
  assert.equal(recovery.interruptedAgain(), 1);
  world.now = 8000;
  await looked();
  world.since = null;
  world.now = 20_000;
  await looked();
  world.since = 20_000;
  world.now = 24_000;
  await looked();
  assert.deepEqual(recovery.late, []);
  world.held = [{ ...RUN, lease: "b" }];
  await recovery.settled(signal);
  assert.deepEqual(recovery.movedMs, [23_000]);
});

test("a worker that was only stopped and goes on has given a sign of life", async (t) => {
  const { world, recovery, looked, close, signal } = watched();
  t.after(close);
  recovery.interrupted([RUN], world.now);
  world.now = 5900;
  recovery.resumed("w1", world.now);
  recovery.resumed("w2", 7000);
  world.now = 10_000;
  await looked();
  assert.deepEqual(recovery.late, []);
  world.now = 10_901;
  await recovery.settled(signal);
  assert.equal(recovery.late.length, 1);
});
