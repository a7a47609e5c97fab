import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { Store } from "../../../src/store/store.ts";
import { ANN, claim, comment, delivery, enqueue, FORGES, type Open, on, settle } from "./harness.ts";

type What = Parameters<Store["changed"]>[0];

export function wakeUpContract(open: Open): void {
  const changes: readonly (readonly [string, What, (store: Store) => Promise<unknown>])[] = [
    ["a delivery", "deliveries", (store) => store.receive(delivery())],
    ["a queued run", "queue", (store) => enqueue(store)],
    ["a run's end", "queue", async (store) => await store.move((await claim(store)).lease, "failed", {}, [])],
    ["a resumed pool", "queue", (store) => store.pausePool("codex", null)],
    ["a thaw", "queue", (store) => store.setFrozen(false)],
    [
      "a cancel",
      "cancels",
      async (store) =>
        await settle(store, [{ kind: "cancel", runId: (await store.runs({ limit: 1 }))[0]!.id, by: ANN }]),
    ],
    ["an effect", "effects", (store) => store.addEffects([comment("k")])],
    ["a settled effect", "effects", (store) => settle(store, [], [comment("k")])],
    [
      "a move's effect",
      "effects",
      async (store) => await store.move((await claim(store)).lease, "running", {}, [comment("k")]),
    ],
    [
      "a confirmed effect",
      "effects",
      async (store) => {
        await store.addEffects([comment("k")]);
        await store.confirmEffect((await store.takeEffects(FORGES, 1, 1))[0]!.id, null);
      },
    ],
  ];
  for (const [name, what, change] of changes) {
    test(
      `${name} wakes all who wait for ${what}`,
      on(open, async ({ store }) => {
        await enqueue(store);
        await forgetEarlier(store, what);
        const { signal } = new AbortController();
        const waiting = [store.changed(what, signal), store.changed(what, signal)];
        await change(store);
        await Promise.all(waiting);
      }),
    );
  }

  test(
    "a change between looking and waiting is not slept through",
    on(open, async ({ store }) => {
      await store.receive(delivery());
      await store.changed("deliveries", new AbortController().signal);
    }),
  );

  test(
    "waiting ends when aborted, before or during, and when the store closes",
    on(open, async ({ store }) => {
      await store.changed("effects", AbortSignal.abort());
      const abort = new AbortController();
      const waiting = store.changed("effects", abort.signal);
      abort.abort();
      await waiting;
      const open = store.changed("queue", new AbortController().signal);
      await store.close();
      await open;
    }),
  );
}

/** Wake-ups may be spurious, as after a change before the wait: takes those off, so that the next one is earned. */
async function forgetEarlier(store: Store, what: What): Promise<void> {
  const abort = new AbortController();
  await Promise.race([store.changed(what, abort.signal), setImmediate()]);
  abort.abort();
}
