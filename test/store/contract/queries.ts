import assert from "node:assert/strict";
import { test } from "node:test";
import { claim, endedRun, enqueue, type Open, on, REPO, settle } from "./harness.ts";

export function queryContract(open: Open): void {
  test(
    "a new run would stand behind all that wait with its priority or a higher one",
    on(open, async ({ store }) => {
      for (const priority of [0, 5, 5, -1]) await enqueue(store, { priority });
      const waiting = () => Promise.all([9, 5, 0, -1].map((priority) => store.waiting(priority)));
      assert.deepEqual(await waiting(), [0, 2, 3, 4]);
      await claim(store);
      assert.deepEqual(await waiting(), [0, 1, 2, 3]);
    }),
  );

  test(
    "a forge's repositories are those of its runs and labels, each once, however it is spelt",
    on(open, async ({ store }) => {
      await endedRun(store, "completed", { repo: { ...REPO, name: "web" } });
      await enqueue(store);
      const labelled = { ...REPO, name: "api" };
      await settle(store, [
        { kind: "labels", repo: labelled, issue: 1, labels: [] },
        { kind: "labels", repo: { ...REPO, owner: "ACME" }, issue: 1, labels: ["bug"] },
      ]);
      await enqueue(store, { repo: { ...REPO, forge: "codeberg" } });
      const found = await store.repositories("github");
      const names = found.map(({ forge, owner, name }) => `${forge} ${owner}/${name}`.toLowerCase());
      assert.deepEqual(names.toSorted(), ["github acme/api", "github acme/web"]);
      assert.deepEqual(await store.repositories("codeberg"), [{ ...REPO, forge: "codeberg" }]);
      assert.deepEqual(await store.repositories("nobody"), []);
    }),
  );

  test(
    "an unknown run is null, an issue without runs has none",
    on(open, async ({ store }) => {
      assert.equal(await store.run("nobody"), null);
      assert.equal(await store.activeRun(REPO, 1), null);
      assert.equal(await store.lastRun(REPO, 1), null);
      assert.deepEqual(await store.runs({}), []);
      assert.deepEqual(await store.events("nobody"), []);
    }),
  );

  test(
    "runs are found by state, repository, issue and pool, newest first, as many as asked for",
    on(open, async ({ store }) => {
      const ended = await endedRun(store, "failed", { issue: 1, agent: "claude" });
      const other = await enqueue(store, { issue: 1, repo: { ...REPO, name: "api" } });
      const queued = await enqueue(store, { issue: 2, agent: "claude:opus" });
      const ids = async (filter: Parameters<typeof store.runs>[0]) =>
        (await store.runs(filter)).map(({ id }) => id);
      assert.deepEqual(await ids({}), [queued, other, ended.id]);
      assert.deepEqual(await ids({ limit: 2 }), [queued, other]);
      assert.deepEqual(await ids({ states: ["failed", "blocked"] }), [ended.id]);
      assert.deepEqual(await ids({ states: [] }), []);
      assert.deepEqual(await ids({ repo: { ...REPO, owner: "ACME" } }), [queued, ended.id]);
      assert.deepEqual(await ids({ issue: 1 }), [other, ended.id]);
      assert.deepEqual(await ids({ pool: "claude", states: ["queued"] }), [queued]);
    }),
  );

  test(
    "queued runs can be asked for in the order in which they would start",
    on(open, async ({ store }) => {
      const first = await enqueue(store, { issue: 1 });
      const second = await enqueue(store, { issue: 2 });
      const urgent = await enqueue(store, { issue: 3, priority: 5 });
      const next = await store.runs({ states: ["queued"], order: "next", limit: 2 });
      assert.deepEqual(
        next.map(({ id }) => id),
        [urgent, first],
      );
      assert.notEqual(second, first);
    }),
  );

  test(
    "the active run of an issue is the one that makes it busy, the last one is the newest, whatever its state",
    on(open, async ({ store }) => {
      const first = await endedRun(store, "failed", { issue: 1 });
      assert.equal(await store.activeRun(REPO, 1), null);
      assert.equal((await store.lastRun({ ...REPO, name: "WEB" }, 1))?.id, first.id);
      const second = await enqueue(store, { issue: 1 });
      assert.equal((await store.activeRun({ ...REPO, owner: "acme" }, 1))?.id, second);
      assert.equal((await store.lastRun(REPO, 1))?.id, second);
    }),
  );

  test(
    "a run has as many ahead as would be claimed before it",
    on(open, async ({ store }) => {
      const first = await enqueue(store);
      const urgent = await enqueue(store, { priority: 5, agent: "claude" });
      const last = await enqueue(store);
      const ahead = () => Promise.all([first, urgent, last].map((id) => store.ahead(id)));
      assert.deepEqual(await ahead(), [1, 0, 2]);
      const { lease } = await claim(store);
      assert.deepEqual(await ahead(), [0, 0, 1]);
      await store.move(lease, "failed", {}, []);
      await settle(store, [{ kind: "requeue", runId: first, answer: null }]);
      assert.equal(await store.ahead("nobody"), 0);
    }),
  );

  test(
    "every transition leaves an event with its attempt, time and detail",
    on(open, async ({ store, clock }) => {
      const runId = await enqueue(store);
      const begun = clock.now;
      clock.now += 10;
      const { lease } = await claim(store);
      await store.move(lease, "queued", {}, [], { detail: "drained" });
      clock.now += 10;
      const again = await claim(store);
      await store.move(again.lease, "failed", {}, [], { detail: "no repository" });
      const events = await store.events(runId);
      assert.deepEqual(
        events.map(({ from, to, attempt, at }) => [from, to, attempt, at - begun]),
        [
          [null, "queued", 0, 0],
          ["queued", "preparing", 1, 10],
          ["preparing", "queued", 1, 10],
          ["queued", "preparing", 2, 20],
          ["preparing", "failed", 2, 20],
        ],
      );
      assert.equal(events[2]?.detail, "drained");
      assert.equal(events[4]?.detail, "no repository");
      assert.ok(events.every((event) => event.runId === runId));
    }),
  );
}
