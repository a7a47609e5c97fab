import assert from "node:assert/strict";
import { test } from "node:test";
import type { Store } from "../../../src/store/store.ts";
import { claim, comment, delivery, endedRun, enqueue, FORGES, type Open, on, settle } from "./harness.ts";

const DAY = 86_400_000;
const ALL = 1_000;

async function settleOne(store: Store, id: string): Promise<string> {
  return await store.settle({ delivery: delivery(id), keys: [`key ${id}`], changes: [], effects: [] });
}

/** Takes the oldest effect and confirms it, or gives it up. */
async function finish(store: Store, how: "confirm" | "give up"): Promise<void> {
  const [taken] = await store.takeEffects(FORGES, 1, DAY);
  if (how === "confirm") await store.confirmEffect(taken!.id, null);
  else await store.delayEffect(taken!.id, null, "locked");
}

export function housekeepingContract(open: Open): void {
  test(
    "a bookmark is null at first, then the last word kept under its name, over restarts too",
    on(open, async ({ store, reopen }) => {
      assert.equal(await store.bookmark("scan"), null);
      await store.setBookmark("scan", "one");
      await store.setBookmark("scan", "zwei \u{1F680}");
      await store.setBookmark("other", "");
      const again = await reopen();
      assert.deepEqual([await again.bookmark("scan"), await again.bookmark("other")], ["zwei \u{1F680}", ""]);
    }),
  );

  test(
    "deliveries settled before a time are forgotten, those settled later or still open are not",
    on(open, async ({ store, clock }) => {
      for (const id of ["old", "bad", "later", "open"]) await store.receive(delivery(id));
      await settleOne(store, "old");
      await store.reject(delivery("bad"), "no JSON");
      clock.now += DAY;
      await settleOne(store, "later");
      const forgotten = await store.forget(clock.now, ALL);
      assert.deepEqual([forgotten.deliveries, forgotten.logs], [2, 0]);
      const known = await store.known("github", ["old", "bad", "later", "open"]);
      assert.deepEqual([...known].toSorted(), ["later", "open"]);
      assert.equal((await store.nextDeliveries(ALL)).length, 1);
      assert.equal((await store.forget(clock.now, ALL)).deliveries, 0);
    }),
  );

  test(
    "a forgotten delivery that comes again is fresh, but what it tells is still known and settles as seen",
    on(open, async ({ store, clock }) => {
      await store.receive(delivery("1"));
      await settleOne(store, "1");
      clock.now += DAY;
      await store.forget(clock.now, ALL);
      assert.equal(await store.receive(delivery("1")), true);
      assert.deepEqual(await store.nextDeliveries(ALL), [delivery("1")]);
      assert.equal(await settleOne(store, "1"), "seen");
      assert.deepEqual(await store.nextDeliveries(ALL), []);
    }),
  );

  test(
    "who reads on after a delivery that may be forgotten by now gets all that came after it, and nothing again",
    on(open, async ({ store, clock }) => {
      for (const id of ["stuck", "1", "2"]) await store.receive(delivery(id));
      for (const id of ["1", "2"]) await settleOne(store, id);
      clock.now += DAY;
      await store.forget(clock.now, ALL);
      const after = async (id: string) =>
        (await store.nextDeliveries(ALL, delivery(id))).map((one) => one.id);
      assert.deepEqual([await after("1"), await after("2")], [[], []]);
      await store.receive(delivery("3"));
      assert.deepEqual([await after("1"), await after("2"), await after("stuck")], [["3"], ["3"], ["3"]]);
      for (const id of ["stuck", "3"]) await settleOne(store, id);
      clock.now += DAY;
      await store.forget(clock.now, ALL);
      await store.receive(delivery("4"));
      assert.deepEqual([await after("2"), await after("3")], [["4"], ["4"]]);
      assert.deepEqual(await after("4"), []);
    }),
  );

  test(
    "effects confirmed or given up before a time are forgotten, waiting and later ones are not",
    on(open, async ({ store, clock }) => {
      await store.addEffects([comment("confirmed"), comment("given up"), comment("later"), comment("waits")]);
      await finish(store, "confirm");
      await finish(store, "give up");
      clock.now += DAY;
      await finish(store, "confirm");
      assert.equal((await store.forget(clock.now, ALL)).effects, 2);
      assert.equal(await store.pendingEffects(), 1);
      await store.addEffects([comment("later"), comment("waits")]);
      assert.equal(await store.pendingEffects(), 1, "what is kept is still asked for once");
      clock.now += 100 * DAY;
      assert.equal((await store.forget(clock.now, ALL)).effects, 1);
      assert.equal((await store.takeEffects(FORGES, 1, DAY))[0]?.key, "waits");
    }),
  );

  test(
    "effects of a run are kept until the run has ended; the run and its history are kept for good",
    on(open, async ({ store, clock }) => {
      const blocked = await endedRun(store, "blocked", { issue: 1 });
      await store.addEffects([{ ...comment("question"), runId: blocked.id }]);
      await finish(store, "confirm");
      const runId = await enqueue(store, { issue: 2 });
      await store.addEffects([{ ...comment("status", 2), runId }]);
      await finish(store, "confirm");
      clock.now += DAY;
      assert.equal((await store.forget(clock.now, ALL)).effects, 0);
      await store.move((await claim(store)).lease, "failed", {}, []);
      assert.equal((await store.forget(clock.now, ALL)).effects, 1);
      assert.equal((await store.events(runId)).length, 3);
      const changes = [{ kind: "cancel", runId: blocked.id, by: { id: 7, login: "ann" } }] as const;
      await settle(store, changes);
      assert.equal((await store.forget(clock.now, ALL)).effects, 1);
    }),
  );

  test(
    "no more are forgotten at once than asked for, the oldest first",
    on(open, async ({ store, clock }) => {
      for (let n = 0; n < 5; n++) {
        await store.receive(delivery(String(n)));
        await settleOne(store, String(n));
        await store.addEffects([comment(String(n))]);
        await finish(store, "confirm");
        clock.now += DAY;
      }
      assert.deepEqual(await store.forget(clock.now, 2), { deliveries: 2, effects: 2, logs: 0 });
      assert.deepEqual([...(await store.known("github", ["0", "1", "2", "3"]))].toSorted(), ["2", "3"]);
      assert.deepEqual(await store.forget(clock.now, 9), { deliveries: 3, effects: 3, logs: 0 });
    }),
  );
}
