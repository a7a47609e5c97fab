import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Caps, Lease, Store } from "../../../src/store/store.ts";
import { ANN, enqueue, LEASE_MS, NO_CAPS, type Open, on, REPO, settle } from "./harness.ts";
import { expectedClaim } from "./oracle.ts";

export function concurrencyContract(open: Open): void {
  test(
    "of 200 claims at once on two stores, exactly as many succeed as the caps allow, each with a run of its own",
    on(open, async ({ store, reopen }) => {
      const other = await reopen();
      const changes = Array.from({ length: 120 }, (_, n) => ({
        agent: ["codex", "claude", "codex:mini"][n % 3]!,
        repo: { ...REPO, name: `repo-${n % 10}` },
      }));
      for (const sketch of changes) await enqueue(store, sketch);
      const caps = {
        total: 40,
        perRepository: 5,
        perPool: 25,
        pools: { claude: 12 },
        models: { "codex:mini": 9 },
      };
      const stores = [store, other] as const;
      const claims = await Promise.all(
        Array.from({ length: 200 }, (_, n) => stores[n % 2]!.claim(`worker ${n}`, caps, LEASE_MS)),
      );
      const runs = claims.filter((one) => one !== null).map((one) => one.run);
      const many = (key: (run: (typeof runs)[number]) => string) =>
        [...Map.groupBy(runs, key).values()].map((group) => group.length);
      assert.equal(new Set(runs.map(({ id }) => id)).size, runs.length);
      assert.equal(new Set(claims.map((one) => one?.lease.token)).size, runs.length + 1);
      assert.deepEqual(many(({ pool }) => pool).toSorted(), [12, 25]);
      assert.equal(runs.filter(({ model }) => model === "mini").length <= 9, true);
      assert.ok(many(({ repo }) => repo.name).every((n) => n <= 5));
      assert.equal(runs.length, 37);
    }),
  );

  test(
    "whatever happened to the queue before, a claim takes the run that reading the whole queue would find",
    on(open, async ({ store, clock }) => {
      const anything = fc.commands([...steps()], { maxCommands: 120 });
      const history = fc.asyncProperty(anything, async (commands) => {
        const model: Model = { leases: [], ended: [], caps: NO_CAPS };
        await fc.asyncModelRun(() => ({ model, real: store }), commands);
        for (const lease of model.leases) await store.move(lease, "failed", {}, []);
        clock.now += 1;
      });
      await fc.assert(history, { numRuns: 12, seed: 20 });
    }),
  );
}

interface Model {
  leases: Lease[];
  ended: string[];
  caps: Caps;
}

type Step = fc.AsyncCommand<Model, Store>;

function step(name: string, run: (model: Model, store: Store) => Promise<void>): Step {
  return { check: () => true, run, toString: () => name };
}

function* steps(): Generator<fc.Arbitrary<Step>> {
  const cap = fc.option(fc.nat(4));
  const capped = { total: fc.option(fc.nat(9)), perRepository: cap, perPool: cap };
  const named = { pools: fc.dictionary(fc.constantFrom("a", "b"), fc.nat(3), { noNullPrototype: true }) };
  yield fc.record({ ...capped, ...named, models: fc.constantFrom({}, { "a:m": 1 }) }).map((caps) =>
    step("caps", async (model) => {
      model.caps = caps;
    }),
  );
  const sketch = fc.record({
    agent: fc.constantFrom("a", "a:m", "b", "b:m", "c"),
    repo: fc.constantFrom("x", "X", "y", "z").map((name) => ({ ...REPO, name })),
    priority: fc.nat(2),
  });
  for (let often = 0; often < 3; often++) {
    yield sketch.map((one) => step("enqueue", async (_, store) => void (await enqueue(store, one))));
  }
  yield fc.constant(step("claim", claimStep));
  yield fc.constant(step("claim", claimStep));
  yield fc.constantFrom("queued", "failed").map((to) =>
    step(to, async (model, store) => {
      const lease = model.leases.shift();
      if (!lease) return;
      await store.move(lease, to as "queued" | "failed", {}, []);
      if (to === "failed") model.ended.push(lease.runId);
    }),
  );
  yield fc.constant(
    step("requeue", async (model, store) => {
      const runId = model.ended.shift();
      if (runId) await settle(store, [{ kind: "requeue", runId, answer: null }]);
    }),
  );
  yield fc.nat(20).map((at) =>
    step("cancel", async (_, store) => {
      const run = (await store.runs({ states: ["queued"] }))[at];
      if (run) await settle(store, [{ kind: "cancel", runId: run.id, by: ANN }]);
    }),
  );
}

async function claimStep(model: Model, store: Store): Promise<void> {
  const expected = await expectedClaim(store, model.caps);
  const claimed = await store.claim("worker", model.caps, LEASE_MS);
  assert.equal(claimed?.run.id, expected);
  if (claimed) model.leases.push(claimed.lease);
}
