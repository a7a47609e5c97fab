import assert from "node:assert/strict";
import { test } from "node:test";
import { ANN, claim, endedRun, enqueue, newRun, type Open, on, settle } from "./harness.ts";

const BOB = { id: 8, login: "bob" };
const ANSWER = { question: "Which one?", text: "The first.", by: ANN };

export function commandContract(open: Open): void {
  test(
    "a cancel that was decided on a waiting run is a conflict when a worker holds it, and the other way round",
    on(open, async ({ store }) => {
      const runId = await enqueue(store);
      assert.equal(await settle(store, [{ kind: "cancel", runId, by: ANN, from: "leased" }]), "conflict");
      await claim(store);
      assert.equal(await settle(store, [{ kind: "cancel", runId, by: ANN, from: "waiting" }]), "conflict");
      assert.equal((await store.run(runId))?.cancelledBy, null);
      assert.equal(await settle(store, [{ kind: "cancel", runId, by: ANN, from: "leased" }]), "done");
    }),
  );

  for (const state of ["failed", "timed_out", "cancelled"] as const) {
    test(
      `a ${state} run is queued again with a clean slate, keeping its workspace, session, request and time`,
      on(open, async ({ store, clock }) => {
        const before = await endedRun(store, state);
        clock.now += 500;
        assert.equal(await settle(store, [{ kind: "requeue", runId: before.id, answer: null }]), "done");
        assert.deepEqual(await store.run(before.id), {
          ...before,
          ...{ state: "queued", queuedAt: clock.now, agentMs: 3_000 },
          ...{ startedAt: null, endedAt: null, handle: null, outcome: null, report: null, cancelledBy: null },
        });
        assert.equal((await claim(store)).run.attempt, 2);
      }),
    );
  }

  test(
    "a blocked run is queued again by an answer, and answers add up",
    on(open, async ({ store }) => {
      const { id } = await endedRun(store, "blocked");
      assert.equal(await settle(store, [{ kind: "requeue", runId: id, answer: ANSWER }]), "done");
      assert.deepEqual((await store.run(id))?.answers, [ANSWER]);
      const { lease } = await claim(store);
      await store.move(lease, "running", { startedAt: 6_000 }, []);
      await store.move(lease, "publishing", { endedAt: 6_500 }, []);
      await store.move(lease, "blocked", {}, []);
      const second = { ...ANSWER, text: "The second." };
      await settle(store, [{ kind: "requeue", runId: id, answer: second }]);
      const run = await store.run(id);
      assert.deepEqual(run?.answers, [ANSWER, second]);
      assert.equal(run?.agentMs, 3_500);
    }),
  );

  test(
    "a requeue whose run has moved is a conflict: queued, leased, completed, unknown, or no question to answer",
    on(open, async ({ store }) => {
      const requeue = (runId: string, answer: typeof ANSWER | null = null) =>
        settle(store, [{ kind: "requeue", runId, answer }]);
      const queued = await enqueue(store);
      assert.equal(await requeue(queued), "conflict");
      await claim(store);
      assert.equal(await requeue(queued), "conflict");
      assert.equal((await store.run(queued))?.state, "preparing");
      assert.equal(await requeue((await endedRun(store, "completed")).id), "conflict");
      assert.equal(await requeue((await endedRun(store, "failed")).id, ANSWER), "conflict");
      assert.equal(await requeue((await endedRun(store, "blocked")).id), "conflict");
      assert.equal(await requeue("nobody"), "conflict");
    }),
  );

  test(
    "a run is not queued again while another one is active on its issue",
    on(open, async ({ store }) => {
      const { id } = await endedRun(store, "failed", { issue: 1 });
      await enqueue(store, { issue: 1 });
      assert.equal(await settle(store, [{ kind: "requeue", runId: id, answer: null }]), "conflict");
      assert.equal((await store.run(id))?.state, "failed");
    }),
  );

  test(
    "cancelling a queued or blocked run ends it at once and names who did it",
    on(open, async ({ store }) => {
      const blocked = await endedRun(store, "blocked");
      const queued = await enqueue(store);
      for (const runId of [blocked.id, queued]) {
        assert.equal(await settle(store, [{ kind: "cancel", runId, by: ANN }]), "done");
        const run = await store.run(runId);
        assert.equal(run?.state, "cancelled");
        assert.deepEqual(run?.outcome, { kind: "cancelled", by: "ann" });
        assert.deepEqual(run?.cancelledBy, ANN);
        assert.equal((await store.events(runId)).at(-1)?.to, "cancelled");
      }
      assert.equal(
        await store.claim(
          "worker",
          { total: null, perRepository: null, perPool: null, pools: {}, models: {} },
          1,
        ),
        null,
      );
    }),
  );

  test(
    "cancelling a leased run only marks it, for its worker, and the first to cancel stays named",
    on(open, async ({ store }) => {
      await enqueue(store);
      const { lease } = await claim(store);
      assert.deepEqual(await store.heartbeat(lease, 1_000), { cancelledBy: null });
      assert.equal(await settle(store, [{ kind: "cancel", runId: lease.runId, by: ANN }]), "done");
      assert.equal(await settle(store, [{ kind: "cancel", runId: lease.runId, by: BOB }]), "done");
      assert.equal((await store.run(lease.runId))?.state, "preparing");
      assert.deepEqual(await store.heartbeat(lease, 1_000), { cancelledBy: ANN });
    }),
  );

  test(
    "a cancelled run that is queued again is not cancelled any more",
    on(open, async ({ store }) => {
      const runId = await enqueue(store);
      await settle(store, [{ kind: "cancel", runId, by: ANN }]);
      await settle(store, [{ kind: "requeue", runId, answer: null }]);
      assert.equal((await claim(store)).run.cancelledBy, null);
    }),
  );

  test(
    "a cancel is not lost when the worker puts the run back into the queue",
    on(open, async ({ store }) => {
      await enqueue(store);
      const { lease } = await claim(store);
      await settle(store, [{ kind: "cancel", runId: lease.runId, by: ANN }]);
      await store.move(lease, "queued", {}, []);
      assert.deepEqual((await claim(store)).run.cancelledBy, ANN);
    }),
  );

  test(
    "cancelling a run that has ended or never was is a conflict",
    on(open, async ({ store }) => {
      const { id } = await endedRun(store, "completed");
      assert.equal(await settle(store, [{ kind: "cancel", runId: id, by: ANN }]), "conflict");
      assert.equal(await settle(store, [{ kind: "cancel", runId: "nobody", by: ANN }]), "conflict");
    }),
  );

  test(
    "one delivery may carry several changes, done in order: cancel, then a new run on the same issue",
    on(open, async ({ store }) => {
      const runId = await enqueue(store, { issue: 1 });
      const run = newRun({ issue: 1 });
      assert.equal(
        await settle(store, [
          { kind: "cancel", runId, by: ANN },
          { kind: "enqueue", run },
        ]),
        "done",
      );
      assert.equal((await store.run(run.id))?.state, "queued");
    }),
  );
}
