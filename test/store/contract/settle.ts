import assert from "node:assert/strict";
import { test } from "node:test";
import { ANN, claim, comment, delivery, enqueue, newRun, type Open, on, REPO, settle } from "./harness.ts";

export function settleContract(open: Open): void {
  test(
    "settling a delivery records its runs, effects and labels, and the delivery is done",
    on(open, async ({ store, clock }) => {
      const run = newRun({ issue: 1, agent: "codex:gpt-5:mini", priority: 3 });
      const labels = { kind: "labels", repo: REPO, issue: 1, labels: ["bug", "dispatch:codex"] } as const;
      assert.equal(await settle(store, [{ kind: "enqueue", run }, labels], [comment("hello")]), "done");
      assert.deepEqual(await store.nextDeliveries(10), []);
      assert.equal(await store.pendingEffects(), 1);
      assert.deepEqual(await store.labels(REPO, 1), labels.labels);
      assert.deepEqual(await store.run(run.id), {
        ...run,
        ...{ pool: "codex", model: "gpt-5:mini", state: "queued", attempt: 0 },
        ...{ createdAt: clock.now, queuedAt: clock.now, startedAt: null, endedAt: null, agentMs: 0 },
        ...{ workspace: null, handle: null, session: null, outcome: null, report: null, answers: [] },
        ...{ statusComment: null, cancelledBy: null },
      });
    }),
  );

  test(
    "a happening whose key was seen settles its delivery and writes nothing else",
    on(open, async ({ store }) => {
      const send = async (id: string, keys: string[], key: string) => {
        await store.receive(delivery(id));
        const changes = [{ kind: "enqueue", run: newRun({ id }) }] as const;
        return await store.settle({ delivery: delivery(id), keys, changes, effects: [comment(key)] });
      };
      assert.equal(await send("1", ["a"], "one"), "done");
      assert.equal(await send("2", ["b", "a"], "two"), "seen");
      assert.deepEqual(await store.nextDeliveries(10), []);
      assert.equal(await store.run("2"), null);
      assert.equal(await store.pendingEffects(), 1);
      assert.equal(
        await send("3", ["b"], "three"),
        "done",
        "the dropped settlement's other key was not kept",
      );
    }),
  );

  test(
    "which keys were settled before can be asked, of any number, and asking keeps none",
    on(open, async ({ store }) => {
      await store.receive(delivery("1"));
      await store.settle({ delivery: delivery("1"), keys: ["a", "%"], changes: [], effects: [] });
      const many = Array.from({ length: 5_000 }, (_, n) => `x${n}`);
      for (const keys of [
        ["b", "a", "%", "A"],
        [...many, "a", "%"],
      ])
        assert.deepEqual([...(await store.seen(keys))].toSorted(), ["%", "a"]);
      assert.equal((await store.seen([])).size, 0);
    }),
  );

  test(
    "settling again after a restart does nothing twice, with or without keys",
    on(open, async ({ store, reopen }) => {
      for (const keys of [["k"], []]) {
        const id = `delivery ${keys.length}`;
        const changes = [{ kind: "enqueue", run: newRun() }] as const;
        const settlement = { delivery: delivery(id), keys, changes, effects: [comment(id)] };
        await store.receive(delivery(id));
        assert.equal(await store.settle(settlement), "done");
        const again = await reopen();
        assert.equal(await again.settle(settlement), "seen");
      }
      assert.equal((await store.runs({})).length, 2);
      assert.equal(await store.pendingEffects(), 2);
    }),
  );

  test(
    "a second run on a busy issue is a conflict that leaves no trace, however the repository is spelt",
    on(open, async ({ store }) => {
      await enqueue(store, { issue: 1 });
      const repo = { forge: "github", owner: "aCME", name: "wEB" };
      const run = newRun({ issue: 1, repo });
      await store.receive(delivery("1"));
      const changes = [
        { kind: "labels", repo, issue: 1, labels: ["x"] },
        { kind: "enqueue", run },
      ] as const;
      const settlement = { delivery: delivery("1"), keys: ["k"], changes, effects: [comment("c")] };
      assert.equal(await store.settle(settlement), "conflict");
      assert.equal((await store.nextDeliveries(10)).length, 1);
      assert.equal(await store.run(run.id), null);
      assert.equal(await store.labels(repo, 1), null);
      assert.equal(await store.pendingEffects(), 0);
      assert.equal(await store.settle({ ...settlement, changes: [] }), "done", "its key was not kept");
    }),
  );

  test(
    "the same issue number of another repository or forge is another issue",
    on(open, async ({ store }) => {
      await enqueue(store, { issue: 1 });
      await enqueue(store, { issue: 1, repo: { ...REPO, name: "Api" } });
      await enqueue(store, { issue: 1, repo: { ...REPO, forge: "codeberg" } });
      assert.equal((await store.runs({ issue: 1 })).length, 3);
    }),
  );

  test(
    "an issue is busy while its run is queued, leased or blocked, and free after its end",
    on(open, async ({ store }) => {
      const refused = async () =>
        assert.equal(await settle(store, [{ kind: "enqueue", run: newRun({ issue: 1 }) }]), "conflict");
      await enqueue(store, { issue: 1 });
      await refused();
      const { lease } = await claim(store);
      await refused();
      await store.move(lease, "running", {}, []);
      await refused();
      await store.move(lease, "publishing", {}, []);
      await refused();
      await store.move(lease, "blocked", {}, []);
      await refused();
      await settle(store, [{ kind: "cancel", runId: lease.runId, by: ANN }]);
      await enqueue(store, { issue: 1 });
    }),
  );

  test(
    "settling two deliveries for one issue at once starts one run",
    on(open, async ({ store, reopen }) => {
      const other = await reopen();
      const both = [store, other].map((one) => settle(one, [{ kind: "enqueue", run: newRun({ issue: 1 }) }]));
      assert.deepEqual((await Promise.all(both)).toSorted(), ["conflict", "done"]);
      assert.equal((await store.runs({ issue: 1 })).length, 1);
    }),
  );

  test(
    "labels are remembered per issue, the newest set only, however the repository is spelt",
    on(open, async ({ store }) => {
      const set = (issue: number, labels: string[], repo = REPO) =>
        settle(store, [{ kind: "labels", repo, issue, labels }]);
      assert.equal(await store.labels(REPO, 1), null);
      await set(1, ["a", "b"]);
      await set(2, ["c"]);
      await set(1, [], { ...REPO, owner: "ACME" });
      assert.deepEqual(await store.labels(REPO, 1), []);
      assert.deepEqual(await store.labels(REPO, 2), ["c"]);
    }),
  );

  test(
    "what was never received cannot be settled",
    on(open, async ({ store }) => {
      const settlement = { delivery: delivery("ghost"), keys: [], changes: [], effects: [comment("boo")] };
      await assert.rejects(store.settle(settlement), /never received/);
      assert.equal(await store.pendingEffects(), 0);
    }),
  );
}
