/** What is under way while the forge refuses the bot's credentials: it waits, and goes on when they are taken again. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ForgeError } from "../../src/model/errors.ts";
import type { WorkDeps } from "../../src/worker/deps.ts";
import { openJob } from "../../src/worker/job.ts";
import { publish } from "../../src/worker/publish.ts";
import { GitRefused } from "../../src/workspace/explain.ts";
import { ALICE, openBench } from "./bench.ts";

const COMPLETED = { kind: "completed", work: null, review: null } as const;
const DAY_MS = 24 * 3_600_000;
const refused = () => new ForgeError("asking: codeberg.test answered 401; make a new token", 401, false);
const gitRefused = (status: 401 | 403 | 404) => new GitRefused("running git: refused", "Mend it.", status);

/** A forge that is open or closed as the test says, seen to be waited for. */
function door() {
  const opening = Promise.withResolvers<void>();
  const door = {
    isOpen: true,
    waiting: 0,
    open: () => {
      door.isOpen = true;
      opening.resolve();
    },
  };
  const deps = {
    forgeOpen: () => door.isOpen,
    async forgeOpened(_forge, signal) {
      door.waiting++;
      const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      await Promise.race([opening.promise, aborted]);
      door.waiting--;
    },
  } satisfies Partial<WorkDeps>;
  return { door, deps };
}

/** A run whose agent has ended `agoMs` before, held by a worker that can be told to leave or to halt. */
async function publishing(t: TestContext, agoMs = 0) {
  const bench = await openBench(t);
  await bench.enqueue();
  const claim = await bench.claim();
  const [leave, halt, drain] = [new AbortController(), new AbortController(), new AbortController()];
  const { door: shut, deps } = door();
  const all = { ...bench.deps, ...deps };
  const job = openJob(claim, all, { leave: leave.signal, halt: halt.signal, drain: drain.signal });
  t.after(() => job.close());
  const workspace = (await bench.workspaces.preview({ run: claim.run } as never)).workspace;
  await job.move("running", { workspace, startedAt: 1 }, []);
  await job.move("publishing", { outcome: COMPLETED, endedAt: bench.clock.ms - agoMs }, []);
  return { bench, job, leave, halt, drain, deps: all, door: shut };
}

test("work that is refused while the forge is closed is published when it opens", async (t) => {
  const { bench, job, deps, door } = await publishing(t);
  door.isOpen = false;
  bench.forge.fail("openPull", refused());
  const published = publish(job, deps);
  await t.waitFor(() => assert.equal(door.waiting, 1));
  assert.equal(job.run.state, "publishing");
  door.open();
  const outcome = await published;
  assert.ok(outcome.kind === "completed" && outcome.work?.pull?.number === 1, JSON.stringify(outcome));
  assert.equal(bench.forge.pulls.length, 1);
});

test("a process that drains leaves what waits for a forge to its next start", async (t) => {
  const { bench, job, drain, deps, door } = await publishing(t);
  door.isOpen = false;
  bench.forge.fail("openPull", refused());
  const published = publish(job, deps);
  await t.waitFor(() => assert.equal(door.waiting, 1));
  drain.abort();
  await assert.rejects(published);
  assert.equal((await bench.store.run(job.run.id))?.state, "publishing");
});

test("what git is refused is asked for through the watched forge, and waited for when that is closed", async (t) => {
  const { bench, job, deps, door } = await publishing(t);
  bench.workspaces.fail("push", gitRefused(401));
  bench.forge.fail("repository", refused());
  const { repository } = bench.forge;
  bench.forge.repository = (repo) => {
    door.isOpen = false;
    return repository.call(bench.forge, repo);
  };
  const published = publish(job, deps);
  await t.waitFor(() => assert.equal(door.waiting, 1));
  door.open();
  assert.equal((await published).kind, "completed");
});

test("a token that comes back while it is being asked about ends nothing", async (t) => {
  const { bench, job, deps } = await publishing(t);
  bench.forge.fail("gitCredential", refused());
  bench.workspaces.fail("push", gitRefused(401));
  assert.equal((await publish(job, deps)).kind, "completed");
});

test("what an open forge refuses for this repository alone ends the run with the fix", async (t) => {
  const taken = new ForgeError("no: install the App on it", 404, false);
  for (const errors of [
    [gitRefused(403)],
    [gitRefused(404)],
    [taken],
    [refused(), refused(), refused(), refused()],
  ]) {
    const { bench, job, deps, door } = await publishing(t);
    bench.forge.fail("gitCredential", ...errors);
    const outcome = await publish(job, deps);
    assert.ok(outcome.kind === "failed" && outcome.reason === "publish", JSON.stringify(outcome));
    assert.ok(outcome.why === errors[0]?.message && outcome.fix);
    assert.equal(door.waiting, 0);
  }
});

test("a day after the agent's end nothing is waited for any more, and the reason is told", async (t) => {
  for (const agoMs of [DAY_MS - 30, DAY_MS + 1]) {
    const { bench, job, deps, door } = await publishing(t, agoMs);
    door.isOpen = false;
    bench.forge.fail("openPull", refused());
    const outcome = await publish(job, deps);
    assert.ok(outcome.kind === "failed" && outcome.reason === "publish", JSON.stringify(outcome));
    assert.match(`${outcome.why} ${outcome.fix}`, /make a new token.*\/dispatch retry/);
  }
});

test("who is to leave or has lost the run while the forge is closed says nothing of it", async (t) => {
  for (const end of ["leave", "halt"] as const) {
    const parts = await publishing(t);
    const { bench, job, deps, door } = parts;
    door.isOpen = false;
    bench.forge.fail("openPull", refused());
    const published = publish(job, deps);
    await t.waitFor(() => assert.equal(door.waiting, 1));
    parts[end].abort();
    await assert.rejects(published, /401/);
    assert.equal(job.run.state, "publishing");
  }
});

test("a run that is refused before its agent starts waits in the queue, with nothing said, and is served once", async (t) => {
  for (const step of ["api", "git"] as const) {
    const bench = await openBench(t);
    const { door: shut, deps } = door();
    await bench.enqueue();
    shut.isOpen = false;
    if (step === "api") bench.forge.fail("repository", refused());
    else bench.workspaces.fail("prepare", gitRefused(401));
    assert.equal((await bench.work(await bench.claim(), deps)).state, "queued");
    assert.deepEqual(await bench.answers(), []);
    shut.open();
    assert.equal((await bench.work(await bench.claim(), deps)).state, "completed");
    assert.equal((await bench.answers()).length, 1);
    assert.equal(bench.forge.times.length, 1);
  }
});

test("a run that is cancelled while its forge is closed is cancelled, not put back", async (t) => {
  const bench = await openBench(t);
  const { door: shut, deps } = door();
  await bench.enqueue();
  shut.isOpen = false;
  bench.workspaces.fail("prepare", gitRefused(401));
  const claim = await bench.claim();
  const run = { ...claim.run, cancelledBy: ALICE };
  assert.equal((await bench.work({ ...claim, run }, deps)).state, "cancelled");
});

test("a run whose repository alone is refused before its agent starts ends, with the fix", async (t) => {
  const bench = await openBench(t);
  await bench.enqueue();
  bench.forge.fail("repository", new ForgeError("reading: answered 404; invite the account", 404, false));
  assert.equal((await bench.work(await bench.claim())).state, "failed");
  assert.match((await bench.answers()).join(), /invite the account[\s\S]*\/dispatch retry/);
});
