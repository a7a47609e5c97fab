import assert from "node:assert/strict";
import { test } from "node:test";
import { enqueue, LEASE_MS, NO_CAPS, type Open, on } from "./harness.ts";

const RULE = { failures: 3, pauseMs: 1_000 };

export function poolContract(open: Open): void {
  test(
    "the third quick failure in a row pauses the pool and starts the count anew, on disk",
    on(open, async ({ store, clock, reopen }) => {
      const fail = () => store.poolEnd("codex", "quick_failure", RULE);
      assert.deepEqual(await fail(), { pool: "codex", failures: 1, pausedUntil: null });
      assert.deepEqual(await fail(), { pool: "codex", failures: 2, pausedUntil: null });
      const until = clock.now + 1_000;
      assert.deepEqual(await fail(), { pool: "codex", failures: 0, pausedUntil: until });
      const again = await reopen();
      assert.deepEqual(await again.pools(), [{ pool: "codex", failures: 0, pausedUntil: until }]);
      await enqueue(store);
      assert.equal(await again.claim("worker", NO_CAPS, LEASE_MS), null);
      clock.now = until;
      assert.deepEqual(await store.pools(), [{ pool: "codex", failures: 0, pausedUntil: null }]);
      assert.deepEqual(
        await fail(),
        { pool: "codex", failures: 1, pausedUntil: null },
        "one later failure pauses nothing",
      );
      assert.ok(await store.claim("worker", NO_CAPS, LEASE_MS));
    }),
  );

  test(
    "any other end resets the count of its pool only, and lifts no pause",
    on(open, async ({ store, clock }) => {
      await store.pausePool("codex", clock.now + 500);
      await store.poolEnd("claude", "quick_failure", RULE);
      await store.poolEnd("codex", "quick_failure", RULE);
      assert.deepEqual(await store.poolEnd("codex", "other", RULE), {
        pool: "codex",
        failures: 0,
        pausedUntil: null,
      });
      assert.deepEqual(await store.pools(), [
        { pool: "claude", failures: 1, pausedUntil: null },
        { pool: "codex", failures: 0, pausedUntil: clock.now + 500 },
      ]);
    }),
  );

  test(
    "a pause that failures cause does not shorten a longer one",
    on(open, async ({ store, clock }) => {
      const until = clock.now + 5_000;
      await store.pausePool("codex", until);
      const once = { failures: 1, pauseMs: 1_000 };
      assert.equal((await store.poolEnd("codex", "quick_failure", once)).pausedUntil, until);
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
      const rule = { failures: 100, pauseMs: 1 };
      const both = [store, other] as const;
      await Promise.all(
        Array.from({ length: 20 }, (_, n) => both[n % 2]!.poolEnd("codex", "quick_failure", rule)),
      );
      assert.equal((await store.pools())[0]?.failures, 20);
    }),
  );
}
