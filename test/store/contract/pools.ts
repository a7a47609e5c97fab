import assert from "node:assert/strict";
import { test } from "node:test";
import { LeaseLost } from "../../../src/model/errors.ts";
import type { PoolEnd, PoolState, Store } from "../../../src/store/store.ts";
import { claim, comment, enqueue, LEASE_MS, NO_CAPS, type Open, on } from "./harness.ts";

const FAILURE: PoolEnd = { result: "quick_failure", failures: 3, pauseMs: 1_000 };
const OTHER: PoolEnd = { ...FAILURE, result: "other" };

/** A new run of the pool's, ended so; what the store says of the pool then. */
async function end(store: Store, pool: PoolEnd, agent = "codex"): Promise<PoolState | undefined> {
  await enqueue(store, { agent, priority: 1 });
  const claimed = await claim(store);
  assert.equal(claimed.run.pool, agent);
  await store.move(claimed.lease, "failed", {}, [], { pool });
  return (await store.pools()).find((one) => one.pool === agent);
}

export function poolContract(open: Open): void {
  test(
    "the third quick failure in a row pauses the pool and starts the count anew, on disk",
    on(open, async ({ store, clock, reopen }) => {
      assert.deepEqual(await end(store, FAILURE), { pool: "codex", failures: 1, pausedUntil: null });
      assert.deepEqual(await end(store, FAILURE), { pool: "codex", failures: 2, pausedUntil: null });
      const until = clock.now + 1_000;
      assert.deepEqual(await end(store, FAILURE), { pool: "codex", failures: 0, pausedUntil: until });
      const again = await reopen();
      assert.deepEqual(await again.pools(), [{ pool: "codex", failures: 0, pausedUntil: until }]);
      await enqueue(store);
      assert.equal(await again.claim("worker", NO_CAPS, LEASE_MS), null);
      clock.now = until;
      assert.deepEqual(await store.pools(), [{ pool: "codex", failures: 0, pausedUntil: null }]);
      const later = await end(store, FAILURE);
      assert.deepEqual(
        later,
        { pool: "codex", failures: 1, pausedUntil: null },
        "one later failure pauses nothing",
      );
      assert.ok(await store.claim("worker", NO_CAPS, LEASE_MS));
    }),
  );

  test(
    "an end is counted with its move or not at all",
    on(open, async ({ store }) => {
      await enqueue(store);
      const { lease } = await claim(store);
      const wrong = store.move(lease, "completed", {}, [comment("c")], { pool: FAILURE });
      await assert.rejects(wrong, /cannot become/);
      assert.deepEqual(await store.pools(), []);
      await store.move(lease, "failed", {}, [], { pool: FAILURE, detail: "no key" });
      await assert.rejects(store.move(lease, "failed", {}, [], { pool: FAILURE }), LeaseLost);
      assert.equal((await store.pools())[0]?.failures, 1);
      assert.equal((await store.events(lease.runId)).at(-1)?.detail, "no key");
      assert.equal(await store.pendingEffects(), 0);
    }),
  );

  test(
    "any other end resets the count of its pool only, and lifts no pause; a move without an end counts nothing",
    on(open, async ({ store, clock }) => {
      const until = clock.now + 500;
      await end(store, FAILURE, "claude");
      await end(store, FAILURE);
      await enqueue(store);
      const { lease } = await claim(store);
      await store.move(lease, "running", {}, []);
      assert.equal((await store.pools())[1]?.failures, 1);
      await store.pausePool("codex", until);
      await store.move(lease, "failed", {}, [], { pool: OTHER });
      assert.deepEqual(await store.pools(), [
        { pool: "claude", failures: 1, pausedUntil: null },
        { pool: "codex", failures: 0, pausedUntil: until },
      ]);
    }),
  );

  test(
    "a pause that failures cause does not shorten a longer one",
    on(open, async ({ store, clock }) => {
      await enqueue(store);
      const { lease } = await claim(store);
      const until = clock.now + 5_000;
      await store.pausePool("codex", until);
      await store.move(lease, "failed", {}, [], { pool: { ...FAILURE, failures: 1 } });
      assert.equal((await store.pools())[0]?.pausedUntil, until);
    }),
  );

  test(
    "a pool is paused until the time given and resumed at once with null",
    on(open, async ({ store, clock }) => {
      await enqueue(store);
      await store.pausePool("codex", clock.now + 5_000);
      assert.equal(await store.claim("worker", NO_CAPS, LEASE_MS), null);
      await store.pausePool("codex", null);
      assert.deepEqual(await store.pools(), [{ pool: "codex", failures: 0, pausedUntil: null }]);
      assert.ok(await store.claim("worker", NO_CAPS, LEASE_MS));
    }),
  );

  test(
    "failures counted at the same time are all counted",
    on(open, async ({ store, reopen }) => {
      const other = await reopen();
      const pool: PoolEnd = { ...FAILURE, failures: 100 };
      const leases = [];
      for (let n = 0; n < 20; n++) {
        await enqueue(store);
        leases.push((await claim(store)).lease);
      }
      const both = [store, other] as const;
      await Promise.all(leases.map((lease, n) => both[n % 2]!.move(lease, "failed", {}, [], { pool })));
      assert.equal((await store.pools())[0]?.failures, 20);
    }),
  );
}
