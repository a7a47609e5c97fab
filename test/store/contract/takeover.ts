import assert from "node:assert/strict";
import { test } from "node:test";
import { LeaseLost } from "../../../src/model/errors.ts";
import { claim, comment, enqueue, LEASE_MS, NO_CAPS, type Open, on, patrol } from "./harness.ts";

export function takeoverContract(open: Open): void {
  test(
    "a lease that is kept alive is not taken over, one that ran out is, and its old holder can do nothing more",
    on(open, async (harness) => {
      const { store } = harness;
      const runId = await enqueue(store);
      const { lease } = await claim(store);
      assert.deepEqual(await patrol(harness, LEASE_MS - 1), []);
      await store.heartbeat(lease, LEASE_MS);
      assert.deepEqual(await patrol(harness, LEASE_MS - 1), []);
      const [taken] = await patrol(harness, 1);
      assert.ok(taken);
      assert.deepEqual(taken.run, await store.run(runId));
      assert.equal(taken.from, "worker");
      assert.notEqual(taken.lease.token, lease.token);
      await assert.rejects(store.heartbeat(lease, LEASE_MS), LeaseLost);
      await assert.rejects(store.note(lease, { session: "stale" }), LeaseLost);
      await assert.rejects(store.move(lease, "failed", {}, [comment("stale")]), LeaseLost);
      assert.deepEqual(await store.run(runId), taken.run);
      assert.equal(await store.pendingEffects(), 0);
      await store.move(taken.lease, "failed", {}, []);
    }),
  );

  test(
    "a lease is lost only when it ran out so long ago",
    on(open, async (harness) => {
      await enqueue(harness.store);
      await claim(harness.store);
      assert.deepEqual(await patrol(harness, LEASE_MS + 4_999, 5_000), []);
      assert.equal((await patrol(harness, 1, 5_000)).length, 1);
    }),
  );

  test(
    "a lease that ran out but was not taken over is still its holder's",
    on(open, async (harness) => {
      const { store, clock } = harness;
      await enqueue(store);
      const { lease } = await claim(store);
      clock.now += 2 * LEASE_MS;
      await store.heartbeat(lease, LEASE_MS);
      assert.deepEqual(await patrol(harness, LEASE_MS - 1), []);
    }),
  );

  test(
    "at start a worker takes over its own at once, with the attempt kept, and nothing of another's",
    on(open, async ({ store, reopen }) => {
      for (let n = 0; n < 5; n++) await enqueue(store);
      const first = await claim(store);
      await store.move(first.lease, "running", { handle: "{}" }, []);
      await claim(store);
      await store.move((await claim(store)).lease, "failed", {}, []);
      const foreign = await store.claim("worker-2", NO_CAPS, LEASE_MS);
      await store.close();
      const again = await reopen();
      const taken = await again.takeOver("worker", LEASE_MS, "own");
      assert.deepEqual(taken.map(({ run, from }) => [run.state, run.attempt, from]).toSorted(), [
        ["preparing", 1, "worker"],
        ["running", 1, "worker"],
      ]);
      await assert.rejects(again.heartbeat(first.lease, LEASE_MS), LeaseLost);
      for (const { lease } of taken) await again.heartbeat(lease, LEASE_MS);
      await again.heartbeat(foreign!.lease, LEASE_MS);
    }),
  );

  test(
    "what was taken over is its new worker's own, whatever its lease",
    on(open, async (harness) => {
      const { store } = harness;
      await enqueue(store);
      await claim(store);
      assert.equal((await patrol(harness, LEASE_MS)).length, 1);
      assert.deepEqual(await store.takeOver("worker", LEASE_MS, "own"), []);
      const [own] = await store.takeOver("other", LEASE_MS, "own");
      assert.equal(own?.from, "other");
    }),
  );

  test(
    "of two that take over at the same time one gets the run",
    on(open, async ({ store, reopen, clock }) => {
      await enqueue(store);
      await claim(store);
      clock.now += LEASE_MS;
      const other = await reopen();
      const taken = await Promise.all(
        [store, other].map((one) => one.takeOver("w", LEASE_MS, { lostMs: 0 })),
      );
      assert.equal(taken.flat().length, 1);
    }),
  );
}
