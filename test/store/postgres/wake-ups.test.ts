import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { jobId } from "../../../src/store/postgres/job-id.ts";
import { WakeUps } from "../../../src/store/postgres/wake-ups.ts";

const { signal } = new AbortController();

test("a wait that nobody wakes ends by itself, and not before its time", async (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const wakeUps = new WakeUps();
  let woken = false;
  const waiting = wakeUps.wait("queue", signal).then(() => {
    woken = true;
  });
  mock.timers.tick(1_000);
  await Promise.resolve();
  assert.equal(woken, false);
  mock.timers.tick(1_000);
  await waiting;
});

test("a change of one kind wakes no other, and is remembered once when nobody waits", async () => {
  const wakeUps = new WakeUps();
  wakeUps.wake("effects");
  await wakeUps.wait("effects", signal);
  const abort = new AbortController();
  const others = wakeUps.wait("queue", abort.signal).then(() => "ended");
  wakeUps.wake("effects");
  assert.equal(
    await Promise.race([others, new Promise((resolve) => setImmediate(resolve, "waits"))]),
    "waits",
  );
  abort.abort();
  assert.equal(await others, "ended");
});

test("after a reconnection everybody is woken, and whoever comes next too", async () => {
  const wakeUps = new WakeUps();
  const waiting = [wakeUps.wait("queue", signal), wakeUps.wait("cancels", signal)];
  wakeUps.wakeAll();
  await Promise.all([...waiting, wakeUps.wait("deliveries", signal)]);
});

test("a closed store keeps nobody waiting", async () => {
  const wakeUps = new WakeUps();
  const waiting = wakeUps.wait("queue", signal);
  wakeUps.close();
  await waiting;
  await wakeUps.wait("queue", signal);
});

test("a job's id is its place as a UUID, growing with it", () => {
  assert.equal(jobId(0x1234_5678_9abc), "00000000-0000-0000-0000-123456789abc");
  assert.equal(jobId(2 ** 52), "00000000-0000-0000-0010-000000000000");
  assert.ok(jobId(1_795_000_000_000_000) < jobId(1_795_000_000_000_001));
});
