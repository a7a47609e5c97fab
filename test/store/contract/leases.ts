import assert from "node:assert/strict";
import { test } from "node:test";
import { LeaseLost } from "../../../src/model/errors.ts";
import { RUN_STATES, TRANSITIONS } from "../../../src/model/run.ts";
import { claim, comment, enqueue, LEASE_MS, type Open, on, status } from "./harness.ts";

const WORKSPACE = { dir: "/w", branch: "agent/x-1", base: "main", baseSha: "abc", pull: null };
const REPORT = {
  exit: { code: 0, signal: null, outOfMemory: false },
  lastMessage: "Done.",
  logTail: ["ok"],
  usage: null,
};

export function leaseContract(open: Open): void {
  test(
    "a lease that is kept alive is not taken over, one that ran out is, and its old holder can do nothing more",
    on(open, async ({ store, clock }) => {
      const runId = await enqueue(store);
      const { lease } = await claim(store);
      clock.now += LEASE_MS - 1;
      await store.heartbeat(lease, LEASE_MS);
      clock.now += LEASE_MS - 1;
      assert.deepEqual(await store.takeOver("other", LEASE_MS, false), []);
      clock.now += 1;
      const [taken] = await store.takeOver("other", LEASE_MS, false);
      assert.ok(taken);
      assert.deepEqual(taken.run, await store.run(runId));
      assert.notEqual(taken.lease.token, lease.token);
      await assert.rejects(store.heartbeat(lease, LEASE_MS), LeaseLost);
      await assert.rejects(store.note(lease, { session: "stale" }), LeaseLost);
      await assert.rejects(store.move(lease, "failed", {}, [comment("stale")]), LeaseLost);
      assert.deepEqual(await store.run(runId), taken.run);
      assert.equal(await store.pendingEffects(), 0);
      await store.move(taken.lease, "failed", {}, []);
    }),
  );

  test(
    "a lease that ran out but was not taken over is still its holder's",
    on(open, async ({ store, clock }) => {
      await enqueue(store);
      const { lease } = await claim(store);
      clock.now += 2 * LEASE_MS;
      await store.heartbeat(lease, LEASE_MS);
      assert.deepEqual(await store.takeOver("other", LEASE_MS, false), []);
    }),
  );

  test(
    "at start everything leased is taken over, at once and with its attempt kept; queued and ended runs are not",
    on(open, async ({ store, reopen }) => {
      for (let n = 0; n < 4; n++) await enqueue(store);
      const first = await claim(store);
      await store.move(first.lease, "running", { handle: "{}" }, []);
      await claim(store);
      await store.move((await claim(store)).lease, "failed", {}, []);
      await store.close();
      const again = await reopen();
      const taken = await again.takeOver("worker", LEASE_MS, true);
      assert.deepEqual(taken.map(({ run }) => [run.state, run.attempt]).toSorted(), [
        ["preparing", 1],
        ["running", 1],
      ]);
      await assert.rejects(again.heartbeat(first.lease, LEASE_MS), LeaseLost);
      for (const { lease } of taken) await again.heartbeat(lease, LEASE_MS);
    }),
  );

  test(
    "of two that take over at the same time one gets the run",
    on(open, async ({ store, reopen, clock }) => {
      await enqueue(store);
      await claim(store);
      clock.now += LEASE_MS;
      const other = await reopen();
      const taken = await Promise.all([store, other].map((one) => one.takeOver("w", LEASE_MS, false)));
      assert.equal(taken.flat().length, 1);
    }),
  );

  test(
    "a move records what it is told, keeps what it is not told, and adds its effects",
    on(open, async ({ store }) => {
      await enqueue(store);
      const { lease, run } = await claim(store);
      const running = await store.move(
        lease,
        "running",
        { workspace: WORKSPACE, handle: "h", startedAt: 10 },
        [comment("a")],
      );
      assert.deepEqual(running, {
        ...run,
        state: "running",
        workspace: WORKSPACE,
        handle: "h",
        startedAt: 10,
      });
      await store.note(lease, { session: "s" });
      const outcome = { kind: "completed", work: null, review: null } as const;
      const patch = { handle: null, endedAt: 30, outcome, report: REPORT };
      const publishing = await store.move(lease, "publishing", patch, [comment("b")]);
      assert.deepEqual(publishing, { ...running, ...patch, session: "s", state: "publishing" });
      assert.deepEqual(await store.run(run.id), publishing);
      assert.equal(await store.pendingEffects(), 2);
      await store.note(lease, {});
      await store.note(lease, { session: null });
      assert.equal((await store.run(run.id))?.session, null);
    }),
  );

  test(
    "the lease ends with the move out of the leased states: the final answer cannot be given twice",
    on(open, async ({ store }) => {
      await enqueue(store);
      const { lease } = await claim(store);
      await store.move(lease, "failed", {}, [comment("answer")]);
      await assert.rejects(store.move(lease, "failed", {}, [comment("answer 2")]), LeaseLost);
      await assert.rejects(store.heartbeat(lease, LEASE_MS), LeaseLost);
      assert.equal(await store.pendingEffects(), 1);
      assert.deepEqual(await store.takeOver("other", LEASE_MS, true), []);
    }),
  );

  test(
    "from each leased state only the model's arrows can be taken, and a wrong one changes nothing",
    on(open, async ({ store }) => {
      const path = ["preparing", "running", "publishing"] as const;
      await enqueue(store);
      const { lease } = await claim(store);
      for (const [at, from] of path.entries()) {
        for (const to of RUN_STATES.filter((state) => !TRANSITIONS[from].includes(state))) {
          const before = await store.run(lease.runId);
          await assert.rejects(store.move(lease, to, { session: "x" }, [status(null, "x")]), /cannot become/);
          assert.deepEqual(await store.run(lease.runId), before);
        }
        const next = path[at + 1];
        if (next) await store.move(lease, next, {}, []);
      }
      assert.equal(await store.pendingEffects(), 0);
      assert.equal((await store.events(lease.runId)).length, 4);
    }),
  );

  test(
    "an attempt put back into the queue counts its agent's time once, and one that never ended counts none",
    on(open, async ({ store }) => {
      await enqueue(store);
      const attempt = async (patch: { endedAt?: number }) => {
        const { lease } = await claim(store);
        await store.move(lease, "running", { startedAt: 1_000 }, []);
        return await store.move(lease, "queued", patch, []);
      };
      assert.equal((await attempt({ endedAt: 1_400 })).agentMs, 400);
      const lost = await attempt({});
      assert.equal(lost.agentMs, 400);
      assert.equal(lost.startedAt, null);
      assert.equal((await attempt({ endedAt: 1_100 })).agentMs, 500);
    }),
  );
}
