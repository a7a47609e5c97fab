/** A finished run's work is published although the forge does not answer for a while. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ForgeError, Refusal } from "../../src/model/errors.ts";
import { openJob } from "../../src/worker/job.ts";
import { PAUSES } from "../../src/worker/patience.ts";
import { publish } from "../../src/worker/publish.ts";
import { NoAnswer } from "../../src/workspace/explain.ts";
import { openBench } from "./bench.ts";
import { WORK } from "./plain-workspaces.ts";

const COMPLETED = { kind: "completed", work: null, review: null } as const;
const noAnswer = () => new ForgeError("opening the pull request: no answer", 0, true);

/** A run whose agent has ended, held by a worker that can be told to leave or to halt. */
async function publishing(t: TestContext) {
  const bench = await openBench(t);
  await bench.enqueue();
  const claim = await bench.claim();
  const [leave, halt] = [new AbortController(), new AbortController()];
  const job = openJob(claim, bench.deps, { leave: leave.signal, halt: halt.signal });
  t.after(() => job.close());
  const workspace = (await bench.workspaces.preview({ run: claim.run } as never)).workspace;
  await job.move("running", { workspace, startedAt: 1 }, []);
  await job.move("publishing", { outcome: COMPLETED, endedAt: 2 }, []);
  return { bench, job, leave, halt };
}

test("what passes by itself is tried again until it has passed", async (t) => {
  const { bench, job } = await publishing(t);
  bench.workspaces.fail("push", new NoAnswer("running git push: the forge did not answer"));
  bench.forge.fail("gitCredential", noAnswer());
  bench.forge.fail("openPull", noAnswer(), noAnswer());
  const outcome = await publish(job, bench.deps);
  assert.ok(outcome.kind === "completed" && outcome.work?.pull?.number === 1, JSON.stringify(outcome));
  assert.deepEqual(bench.workspaces.pushed, [WORK.sha, WORK.sha, WORK.sha], "pushing it again is fine");
});

test("what does not pass in all that time ends the run as failed, with the reason", async (t) => {
  const { bench, job } = await publishing(t);
  bench.forge.fail("openPull", ...Array.from({ length: PAUSES.length + 1 }, noAnswer));
  const outcome = await publish(job, bench.deps);
  assert.ok(outcome.kind === "failed" && outcome.reason === "publish");
  assert.match(outcome.why, /no answer/);
  assert.equal(bench.workspaces.pushed.length, PAUSES.length + 1);
});

test("what stays is not tried again", async (t) => {
  for (const error of [new Refusal("no"), new Error("broken"), new ForgeError("no", 403, false)]) {
    const { bench, job } = await publishing(t);
    bench.forge.fail("openPull", error);
    assert.equal((await publish(job, bench.deps)).kind, "failed");
    assert.equal(bench.workspaces.pushed.length, 1);
  }
});

test("who is to leave or has lost the run waits no longer, and says nothing of it", async (t) => {
  for (const end of ["leave", "halt"] as const) {
    const parts = await publishing(t);
    const { bench, job } = parts;
    bench.forge.fail("openPull", noAnswer());
    const published = publish(job, { ...bench.deps, patienceMs: 60_000 });
    await t.waitFor(() => assert.ok(bench.logged.some(({ msg }) => /trying again/.test(msg))));
    parts[end].abort();
    await assert.rejects(published, /no answer/);
    assert.equal(job.run.state, "publishing");
  }
});

test("the pauses grow, and with a first one of a second are about ten minutes together", () => {
  assert.deepEqual(PAUSES.slice(0, 4), [1, 2, 4, 8]);
  const minutes = PAUSES.reduce((sum, seconds) => sum + seconds, 0) / 60;
  assert.ok(minutes > 9 && minutes < 11, String(minutes));
});

test("a forge that does not answer for a moment does not fail a run that is being prepared", async (t) => {
  const bench = await openBench(t);
  await bench.enqueue();
  bench.forge.fail("repository", noAnswer(), noAnswer());
  assert.equal((await bench.work(await bench.claim())).state, "completed");
});
