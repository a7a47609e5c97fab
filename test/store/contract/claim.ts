import assert from "node:assert/strict";
import { test } from "node:test";
import type { Caps } from "../../../src/store/store.ts";
import { claim, claimAll, enqueue, LEASE_MS, NO_CAPS, type Open, on, REPO, settle } from "./harness.ts";

export function claimContract(open: Open): void {
  test(
    "an empty queue gives nothing",
    on(open, async ({ store }) => {
      assert.equal(await store.claim("worker", NO_CAPS, LEASE_MS), null);
    }),
  );

  test(
    "a claimed run is preparing, counts an attempt, and is given to nobody else",
    on(open, async ({ store }) => {
      const id = await enqueue(store);
      const claimed = await claim(store);
      assert.equal(claimed.run.id, id);
      assert.equal(claimed.run.state, "preparing");
      assert.equal(claimed.run.attempt, 1);
      assert.equal(claimed.run.model, null);
      assert.equal(claimed.lease.runId, id);
      assert.equal(claimed.from, null);
      assert.deepEqual(await store.run(id), claimed.run);
      assert.equal(await store.claim("another", NO_CAPS, LEASE_MS), null);
    }),
  );

  test(
    "higher priority goes first, then who came first, whatever the pool",
    on(open, async ({ store }) => {
      const low = await enqueue(store, { priority: -1, agent: "a" });
      const first = await enqueue(store, { agent: "z" });
      const second = await enqueue(store, { agent: "b:m" });
      const third = await enqueue(store, { agent: "a:m" });
      const high = await enqueue(store, { priority: 9, agent: "m" });
      assert.deepEqual(await claimAll(store, NO_CAPS), [high, first, second, third, low]);
    }),
  );

  test(
    "a run that is queued again goes behind those that wait, of the same priority",
    on(open, async ({ store }) => {
      const first = await enqueue(store);
      const second = await enqueue(store);
      const { lease } = await claim(store);
      await store.move(lease, "failed", {}, []);
      await settle(store, [{ kind: "requeue", runId: first, answer: null }]);
      assert.deepEqual(await claimAll(store, NO_CAPS), [second, first]);
    }),
  );

  test(
    "a run that waits for a closed forge to publish does not count under the caps, and does when the forge is open",
    on(open, async ({ store }) => {
      const caps = { ...NO_CAPS, total: 1, perRepository: 1, perPool: 1 };
      await enqueue(store);
      const { lease } = await claim(store);
      const next = await enqueue(store, { repo: { ...REPO, forge: "codeberg" } });
      const claimed = async (closed: string[]) =>
        (await store.claim("worker", caps, LEASE_MS, closed))?.run.id ?? null;
      await store.move(lease, "running", {}, []);
      assert.equal(await claimed(["github"]), null);
      await store.move(lease, "publishing", {}, []);
      assert.equal(await claimed([]), null);
      assert.equal(await claimed(["other"]), null);
      assert.equal(await claimed(["github"]), next);
    }),
  );

  test(
    "a frozen store gives nothing until it is thawed, and stays frozen over a restart",
    on(open, async ({ store, reopen }) => {
      await enqueue(store);
      assert.equal(await store.frozen(), false);
      await store.setFrozen(true);
      const again = await reopen();
      assert.equal(await again.frozen(), true);
      assert.equal(await again.claim("worker", NO_CAPS, LEASE_MS), null);
      await store.setFrozen(false);
      assert.ok(await again.claim("worker", NO_CAPS, LEASE_MS));
    }),
  );

  test(
    "a paused pool waits for its time and blocks no other",
    on(open, async ({ store, clock }) => {
      const waits = await enqueue(store, { agent: "codex", priority: 9 });
      const goes = await enqueue(store, { agent: "claude" });
      await store.pausePool("codex", clock.now + 100);
      assert.deepEqual(await claimAll(store, NO_CAPS), [goes]);
      clock.now += 100;
      assert.deepEqual(await claimAll(store, NO_CAPS), [waits]);
    }),
  );

  const full: readonly (readonly [string, Partial<Caps>, number])[] = [
    ["no cap", {}, 6],
    ["the total", { total: 4 }, 4],
    ["a total of 0", { total: 0 }, 0],
    ["each repository", { perRepository: 2 }, 4],
    ["a repository's cap of 0", { perRepository: 0 }, 0],
    ["each pool", { perPool: 1 }, 2],
    ["one pool, above the cap of all", { perPool: 1, pools: { codex: 2 } }, 3],
    ["one pool, below the cap of all", { perPool: 3, pools: { codex: 0 } }, 2],
    ["one model", { models: { "codex:mini": 1 } }, 5],
    [
      "a model's cap, which is not that of runs without a model",
      { models: { "codex:": 3, "codex:mini": 0 } },
      4,
    ],
    ["the least of all caps", { total: 5, perRepository: 3, perPool: 2, models: { "codex:mini": 1 } }, 4],
  ];
  for (const [name, caps, expected] of full) {
    test(
      `caps hold exactly, and what is full blocks nobody else: ${name}`,
      on(open, async ({ store }) => {
        const other = { ...REPO, name: "api" };
        const sketches = ["codex", "codex", "codex:mini", "codex:mini", "claude", "claude"].map(
          (agent, n) => ({
            agent,
            repo: n % 2 ? other : { ...REPO, owner: n ? "ACME" : "acme" },
          }),
        );
        for (const sketch of sketches) await enqueue(store, sketch);
        assert.equal((await claimAll(store, { ...NO_CAPS, ...caps })).length, expected);
      }),
    );
  }

  test(
    "a cap counts runs from claim to end, and its place is free when the run leaves",
    on(open, async ({ store }) => {
      for (let n = 0; n < 5; n++) await enqueue(store);
      const caps = { ...NO_CAPS, total: 1 };
      const next = async () => await store.claim("worker", caps, LEASE_MS);
      for (const last of ["failed", "queued", "blocked"] as const) {
        const { lease } = await claim(store, caps);
        assert.equal(await next(), null);
        if (last === "blocked") {
          await store.move(lease, "running", {}, []);
          assert.equal(await next(), null);
          await store.move(lease, "publishing", {}, []);
          assert.equal(await next(), null);
        }
        await store.move(lease, last, {}, []);
      }
      assert.ok(await next());
    }),
  );

  test(
    "a repository at its cap does not hold up others of the same pool, however long its queue",
    on(open, async ({ store }) => {
      for (let n = 0; n < 20; n++) await enqueue(store, { priority: 1 });
      const other = await enqueue(store, { repo: { ...REPO, name: "api" } });
      const claimed = await claimAll(store, { ...NO_CAPS, perRepository: 1 });
      assert.equal(claimed.length, 2);
      assert.equal(claimed[1], other);
    }),
  );

  test(
    "runs of a closed forge are left where they are, hold up no others, and go when it is open again",
    on(open, async ({ store }) => {
      const codeberg = { ...REPO, forge: "codeberg" };
      const urgent = await enqueue(store, { repo: codeberg, priority: 9 });
      const second = await enqueue(store, { repo: { ...codeberg, name: "b" }, priority: 8 });
      const other = await enqueue(store);
      const next = async (closed?: readonly string[]) =>
        (await store.claim("worker", { ...NO_CAPS, perRepository: 1 }, LEASE_MS, closed))?.run.id;
      assert.equal(await next(["codeberg", "github"]), undefined);
      assert.equal(await next(["codeberg", "nobody"]), other);
      assert.equal(await next(["codeberg"]), undefined);
      assert.equal((await store.run(urgent))?.state, "queued");
      assert.deepEqual([await next([]), await next()], [urgent, second]);
    }),
  );

  test(
    "a pool may have any name",
    on(open, async ({ store }) => {
      const names = ["constructor", "__proto__:toString", "%", "'"];
      for (const agent of [...names, ...names]) await enqueue(store, { agent });
      assert.equal((await claimAll(store, { ...NO_CAPS, perPool: 1 })).length, 4);
    }),
  );
}
