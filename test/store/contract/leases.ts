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
      assert.deepEqual(await store.takeOver("worker", LEASE_MS, "own"), []);
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
    "an ended attempt whose work cannot be published here goes back to the queue without its outcome",
    on(open, async ({ store }) => {
      await enqueue(store);
      const { lease } = await claim(store);
      await store.move(lease, "running", { startedAt: 1_000 }, []);
      const outcome = { kind: "completed", work: null, review: null } as const;
      await store.move(lease, "publishing", { endedAt: 1_400, outcome, report: REPORT }, []);
      const queued = await store.move(lease, "queued", {}, []);
      assert.deepEqual([queued.state, queued.agentMs, queued.outcome], ["queued", 400, null]);
      assert.equal((await claim(store)).run.attempt, 2);
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
