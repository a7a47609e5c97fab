/** Clocks are set, machines sleep: what must hold when the time jumps. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { claim, comment, enqueue, FORGES, LEASE_MS, NO_CAPS, type Open, on, patrol } from "./harness.ts";

const HOUR = 3_600_000;
const HOLD_MS = 60_000;

export function clockContract(open: Open): void {
  test(
    "time in which no worker could reach the store does not count as lost",
    on(open, async (harness) => {
      const { store, clock } = harness;
      await enqueue(store);
      const { lease } = await claim(store);
      clock.now += 8 * HOUR;
      assert.deepEqual(await store.takeOver("other", LEASE_MS, { lostMs: 0 }), []);
      await store.heartbeat(lease, LEASE_MS);
      assert.deepEqual(await patrol(harness, LEASE_MS - 1), []);
      assert.equal((await patrol(harness, LEASE_MS + 1)).length, 1, "but it is lost in the end");
    }),
  );

  test(
    "a clock set back keeps no lease of a lost worker alive for longer than a lease, and takes none that is kept",
    on(open, async (harness) => {
      const { store, clock } = harness;
      await enqueue(store);
      const { lease } = await claim(store);
      await patrol(harness, LEASE_MS / 2);
      clock.now -= 8 * HOUR;
      await store.heartbeat(lease, LEASE_MS);
      assert.deepEqual(await patrol(harness, LEASE_MS / 2), []);
      clock.now -= 8 * HOUR;
      assert.ok((await patrol(harness, LEASE_MS)).length > 0);
    }),
  );

  test(
    "a clock set back delays no effect for longer than its delay again, and gives none twice within its hold",
    on(open, async ({ store, clock }) => {
      const keys = async () => (await store.takeEffects(FORGES, 10, HOLD_MS)).map(({ key }) => key);
      await store.addEffects([comment("held", 1), comment("delayed", 2)]);
      const taken = await store.takeEffects(FORGES, 10, HOLD_MS);
      const delayed = taken.find(({ key }) => key === "delayed");
      await store.delayEffect(delayed!.id, clock.now + 5_000, "502");
      await store.addEffects([comment("new", 3)]);
      clock.now -= 8 * HOUR;
      assert.deepEqual(await keys(), ["new"]);
      clock.now += 5_000;
      assert.deepEqual(await keys(), ["delayed"]);
      clock.now += HOLD_MS - 5_001;
      assert.deepEqual(await keys(), []);
      clock.now += 1;
      assert.ok((await keys()).includes("held"));
    }),
  );

  test(
    "a clock set back pauses no pool for longer than its pause again",
    on(open, async ({ store, clock }) => {
      await enqueue(store);
      await store.pausePool("codex", clock.now + HOUR);
      clock.now -= 80 * HOUR;
      assert.equal(await store.claim("worker", NO_CAPS, LEASE_MS), null);
      assert.equal((await store.pools())[0]?.pausedUntil, clock.now + HOUR);
      clock.now += HOUR;
      assert.ok(await store.claim("worker", NO_CAPS, LEASE_MS));
    }),
  );

  test(
    "a clock set back mixes up neither the inbox nor the queue",
    on(open, async ({ store, clock }) => {
      const first = await enqueue(store);
      clock.now -= HOUR;
      const second = await enqueue(store);
      assert.equal(await store.ahead(second), 1);
      assert.equal((await claim(store)).run.id, first);
      clock.now += 2 * HOUR;
      assert.equal((await claim(store)).run.id, second);
    }),
  );
}
