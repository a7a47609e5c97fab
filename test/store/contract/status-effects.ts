import assert from "node:assert/strict";
import { test } from "node:test";
import type { Effect } from "../../../src/model/effect.ts";
import type { Store } from "../../../src/store/store.ts";
import { comment, enqueue, FORGES, type Open, on, status } from "./harness.ts";

const HOLD_MS = 1_000;

async function take(store: Store): Promise<Effect | undefined> {
  return (await store.takeEffects(FORGES, 1, HOLD_MS))[0];
}

function body(taken: Effect | undefined): string | undefined {
  return taken?.action.kind === "status" ? taken.action.body : taken?.key;
}

export function statusEffectContract(open: Open): void {
  test(
    "a newer status replaces a waiting one, in its place",
    on(open, async ({ store }) => {
      await store.addEffects([status(null, "one"), comment("answer"), status(null, "two")]);
      assert.equal(await store.pendingEffects(), 2);
      const first = await take(store);
      assert.equal(body(first), "two");
      assert.equal(first?.tries, 0);
      await store.confirmEffect(first!.id, null);
      assert.equal(body(await take(store)), "answer");
    }),
  );

  test(
    "after a status was confirmed, or given up, the next one waits anew, behind what was asked for before it",
    on(open, async ({ store }) => {
      await store.addEffects([status(null, "one")]);
      await store.confirmEffect((await take(store))!.id, null);
      await store.addEffects([comment("between"), status(null, "two")]);
      const between = await take(store);
      assert.equal(body(between), "between");
      await store.confirmEffect(between!.id, null);
      const second = await take(store);
      assert.equal(body(second), "two");
      assert.equal(second?.tries, 0);
      await store.delayEffect(second!.id, null, "locked");
      await store.addEffects([status(null, "three")]);
      assert.equal(body(await take(store)), "three");
    }),
  );

  test(
    "a status replaced while in flight is not confirmed away: the newer one waits for the older, then goes",
    on(open, async ({ store }) => {
      const runId = await enqueue(store, { issue: 1 });
      await store.addEffects([status(runId, "one")]);
      const one = await take(store);
      await store.addEffects([status(runId, "two")]);
      assert.equal(await take(store), undefined, "two comments must not be made at once");
      await store.confirmEffect(one!.id, "22");
      assert.equal((await store.run(runId))?.statusComment, "22");
      assert.equal(await store.pendingEffects(), 1);
      const two = await take(store);
      assert.equal(body(two), "two");
      assert.equal(two?.key, one?.key);
      await store.confirmEffect(two!.id, null);
      assert.equal(await store.pendingEffects(), 0);
    }),
  );

  test(
    "when the older status was lost in a crash, the newer one goes after the hold and knows that it may be there",
    on(open, async ({ store, clock }) => {
      await store.addEffects([status(null, "one")]);
      const one = await take(store);
      await store.addEffects([status(null, "two")]);
      clock.now += HOLD_MS;
      const two = await take(store);
      assert.equal(body(two), "two");
      assert.equal(two?.tries, 1);
      await store.confirmEffect(one!.id, "late");
      assert.equal(
        await take(store),
        undefined,
        "a late confirm of the older one does not end the newer one's hold",
      );
      assert.equal(await store.pendingEffects(), 1);
    }),
  );

  test(
    "a status replaced while in flight is delayed with the older one, and not given up with it",
    on(open, async ({ store, clock }) => {
      await store.addEffects([status(null, "one")]);
      const one = await take(store);
      await store.addEffects([status(null, "two")]);
      await store.delayEffect(one!.id, clock.now + 5_000, "503");
      clock.now += HOLD_MS;
      assert.equal(await take(store), undefined);
      clock.now += 4_000;
      const two = await take(store);
      await store.addEffects([status(null, "three")]);
      await store.delayEffect(two!.id, null, "403");
      assert.equal(body(await take(store)), "three");
    }),
  );
}
