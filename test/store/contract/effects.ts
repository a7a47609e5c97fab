import assert from "node:assert/strict";
import { test } from "node:test";
import type { Store } from "../../../src/store/store.ts";
import { comment, effect, enqueue, FORGES, type Open, on, REPO, status } from "./harness.ts";

const HOLD_MS = 1_000;

async function keys(store: Store, limit = 10): Promise<string[]> {
  return (await store.takeEffects(FORGES, limit, HOLD_MS)).map(({ key }) => key);
}

export function effectContract(open: Open): void {
  test(
    "an effect comes back as it was asked for, and is pending until it is confirmed",
    on(open, async ({ store }) => {
      const asked = effect("k", { kind: "react", commentId: "9", reaction: "eyes" });
      await store.addEffects([asked]);
      const [taken] = await store.takeEffects(FORGES, 10, HOLD_MS);
      assert.ok(taken);
      const { id, ...rest } = taken;
      assert.deepEqual(rest, { ...asked, tries: 0 });
      assert.equal(await store.pendingEffects(), 1);
      await store.confirmEffect(id, null);
      await store.confirmEffect(id, null);
      assert.equal(await store.pendingEffects(), 0);
    }),
  );

  test(
    "the same key is asked for once, for ever, over restarts too",
    on(open, async ({ store, reopen }) => {
      await store.addEffects([comment("k"), comment("k")]);
      const [taken] = await store.takeEffects(FORGES, 10, HOLD_MS);
      await store.confirmEffect(taken!.id, "1");
      const again = await reopen();
      await again.addEffects([comment("k")]);
      assert.equal(await again.pendingEffects(), 0);
    }),
  );

  test(
    "of each issue only the oldest is given, the next when it is confirmed or given up",
    on(open, async ({ store }) => {
      await store.addEffects([
        comment("1a"),
        comment("1b", 1, { ...REPO, owner: "ACME" }),
        comment("1c"),
        comment("2a", 2),
      ]);
      const [first, second] = await store.takeEffects(FORGES, 10, HOLD_MS);
      assert.deepEqual([first?.key, second?.key], ["1a", "2a"]);
      assert.deepEqual(await keys(store), []);
      await store.confirmEffect(first!.id, null);
      const [third] = await store.takeEffects(FORGES, 10, HOLD_MS);
      assert.equal(third?.key, "1b");
      await store.delayEffect(third!.id, null, "the issue is locked");
      assert.deepEqual(await keys(store), ["1c"]);
      assert.equal(await store.pendingEffects(), 2);
    }),
  );

  test(
    "what was taken and not confirmed is given again after its hold, with its tries counted",
    on(open, async ({ store, clock, reopen }) => {
      await store.addEffects([comment("k")]);
      assert.deepEqual(await keys(store), ["k"]);
      const again = await reopen();
      clock.now += HOLD_MS - 1;
      assert.deepEqual(await keys(again), []);
      clock.now += 1;
      assert.equal((await again.takeEffects(FORGES, 10, HOLD_MS))[0]?.tries, 1);
    }),
  );

  test(
    "a delayed effect waits for its time and holds up what follows on its issue, and nothing else",
    on(open, async ({ store, clock }) => {
      await store.addEffects([comment("1a"), comment("1b"), comment("2a", 2)]);
      const [first] = await store.takeEffects(FORGES, 1, HOLD_MS);
      await store.delayEffect(first!.id, clock.now + 5_000, "502");
      assert.deepEqual(await keys(store), ["2a"]);
      clock.now += 5_000;
      assert.ok((await keys(store)).includes("1a"));
    }),
  );

  test(
    "only effects of the forges asked for are given; the others wait, and hold up nothing",
    on(open, async ({ store }) => {
      const codeberg = { ...REPO, forge: "codeberg" };
      await store.addEffects([comment("g1"), comment("c1", 1, codeberg), comment("g2", 2), comment("g1b")]);
      assert.deepEqual(await store.takeEffects([], 10, HOLD_MS), []);
      const [one, ...more] = await store.takeEffects(["codeberg", "nobody"], 10, HOLD_MS);
      assert.deepEqual([one?.key, more.length, one?.tries], ["c1", 0, 0]);
      const rest = await store.takeEffects(["github"], 10, HOLD_MS);
      assert.deepEqual(
        rest.map(({ key, tries }) => [key, tries]),
        [
          ["g1", 0],
          ["g2", 0],
        ],
      );
    }),
  );

  test(
    "of several forges' effects the oldest go first, as many as asked for",
    on(open, async ({ store, clock }) => {
      const codeberg = { ...REPO, forge: "codeberg" };
      for (const [n, repo] of [REPO, codeberg, REPO, codeberg].entries()) {
        await store.addEffects([comment(`k${n}`, n, repo)]);
        clock.now += 1;
      }
      assert.deepEqual(await keys(store, 3), ["k0", "k1", "k2"]);
    }),
  );

  test(
    "no effect is given to two who take at the same time",
    on(open, async ({ store, reopen }) => {
      await store.addEffects(Array.from({ length: 40 }, (_, n) => comment(`k${n}`, n)));
      const other = await reopen();
      const taken = await Promise.all([store, other, store, other].map((one) => keys(one, 15)));
      assert.deepEqual(taken.map(({ length }) => length).toSorted(), [0, 10, 15, 15].toSorted());
      assert.equal(new Set(taken.flat()).size, 40);
    }),
  );

  test(
    "an effect the store never gave out cannot be confirmed or delayed",
    on(open, async ({ store }) => {
      await assert.rejects(store.confirmEffect("nobody.1", null), /never gave it out/);
      await assert.rejects(store.delayEffect("nobody", null, "x"), /never gave it out/);
    }),
  );

  test(
    "a confirmed status comment becomes the run's; other effects, and confirms without a name for it, leave it be",
    on(open, async ({ store }) => {
      const runId = await enqueue(store, { issue: 1 });
      const confirm = async (ref: string | null) =>
        await store.confirmEffect((await store.takeEffects(FORGES, 1, HOLD_MS))[0]!.id, ref);
      const said = async () => (await store.run(runId))?.statusComment;
      await store.addEffects([{ ...comment("c"), runId }]);
      await confirm("11");
      assert.equal(await said(), null);
      await store.addEffects([status(runId, "queued")]);
      await confirm("22");
      assert.equal(await said(), "22");
      await store.addEffects([status(runId, "running")]);
      await confirm(null);
      assert.equal(await said(), "22");
    }),
  );
}
