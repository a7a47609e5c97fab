import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { ForgeError, Refusal } from "../../src/model/errors.ts";
import { PAUSES } from "../../src/worker/patience.ts";
import { type Bench, DONE, LEAKED, openBench } from "./bench.ts";
import { WORK } from "./plain-workspaces.ts";

/** Everything that ends a run says so once, books what time there was, and leaves no agent and no lease. */
async function assertEndedOnce(bench: Bench, pattern: RegExp): Promise<string> {
  const answers = await bench.answers();
  assert.equal(answers.length, 1, answers.join("\n---\n"));
  assert.match(answers[0] ?? "", pattern);
  assert.equal(bench.runtime.living(), 0);
  assert.deepEqual(await bench.runtime.list(), []);
  assert.deepEqual(await bench.store.takeOver("worker", 1000, "own"), []);
  return answers[0] ?? "";
}

test("a run goes from the queue to a pull request, one answer, and the seconds it took", async (t) => {
  const bench: Bench = await openBench(t, { script: () => ({ output: [DONE], act: takesFourSeconds }) });
  const takesFourSeconds = async () => {
    // A turn of the loop later the agent has been started, and the time of it taken.
    await turn();
    bench.clock.ms += 4_000;
  };
  const run = await bench.run();
  assert.equal(run.state, "completed");
  const answer = await assertEndedOnce(bench, /Opened pull request \[#1\]/);
  assert.match(answer, /2 files changed, 10 lines added, 3 lines removed/);
  assert.match(answer, /all of it/);
  assert.deepEqual(bench.workspaces.pushed, [WORK.sha]);
  assert.deepEqual(
    bench.forge.times.map(({ seconds, sha, ok }) => [seconds, sha, ok]),
    [[4, WORK.sha, true]],
  );
  const states = (await bench.store.events(run.id)).map(({ to }) => to);
  assert.deepEqual(states, ["queued", "preparing", "running", "publishing", "completed"]);
});

test("the agent gets the prompt, its own folders, and nothing of the bot's environment", async (t) => {
  const bench = await openBench(t, {
    change: (config) => ({ ...config, secrets: { ...config.secrets, FORGE_TOKEN: LEAKED } }),
  });
  await bench.run({ body: "Round half up." });
  const [spec] = bench.runtime.started;
  assert.match(spec?.stdin ?? "", /Round half up\./);
  assert.equal(spec?.env.HOME, spec?.folders.home);
  assert.ok(!JSON.stringify(spec).includes(LEAKED));
});

test("an agent that changed nothing completed, and nothing is pushed", async (t) => {
  const bench = await openBench(t);
  bench.workspaces.work = null;
  await bench.run();
  await assertEndedOnce(bench, /Completed, no changes/);
  assert.deepEqual([bench.workspaces.pushed, bench.forge.pulls], [[], []]);
});

test("a reviewer's last words are the review; nothing is collected or pushed", async (t) => {
  const bench = await openBench(t);
  bench.forge.pulls.push({
    number: 15,
    url: "https://x",
    title: "t",
    open: true,
    headBranch: "topic",
    headSha: "a".repeat(40),
    headRepo: null,
    baseBranch: "main",
  });
  bench.workspaces.fail("collect", new Error("nobody is to collect"));
  const run = await bench.run({ agent: "critic", isPull: true });
  assert.equal(run.state, "completed");
  assert.equal(bench.forge.reviewed.length, 1);
  assert.match(bench.forge.reviewed[0]?.body ?? "", /Reviewed[\s\S]*all of it/);
  assert.deepEqual([await bench.answers(), bench.workspaces.pushed], [[], []]);
});

test("a question blocks the run, and the next attempt gets it with its answer and the session", async (t) => {
  const bench = await openBench(t, {
    script: (attempt) =>
      attempt === 1
        ? { act: ({ folders }) => writeFile(join(folders.checkout, "BLOCKED.md"), "Which colour?\n") }
        : { output: [DONE] },
  });
  const first = await bench.run();
  assert.equal(first.state, "blocked");
  await assertEndedOnce(bench, /Which colour\?/);
  const delivery = { forge: "codeberg", id: "answer" };
  await bench.store.receive({ ...delivery, event: "any", body: "[]", receivedAt: 2 });
  const answer = { question: "Which colour?", text: "blue", by: { id: 7, login: "alice" } };
  const changes = [{ kind: "requeue", runId: first.id, answer }] as const;
  await bench.store.settle({ delivery, keys: [], changes, effects: [] });
  assert.equal((await bench.work(await bench.claim())).state, "completed");
  assert.match(bench.runtime.started[1]?.stdin ?? "", /Which colour\?[\s\S]*blue/);
  assert.deepEqual(
    bench.workspaces.asked.map(({ keep }) => keep),
    [false, true],
  );
});

test("the label that set a run off is taken away at its end, and stays while it waits for an answer", async (t) => {
  const bench = await openBench(t, {
    script: () => ({ act: ({ folders }) => writeFile(join(folders.checkout, "BLOCKED.md"), "Hm?") }),
  });
  await bench.run({ label: "dispatch:scripted" });
  assert.deepEqual(bench.forge.removed, []);
  const other = await openBench(t);
  await other.run({ label: "dispatch:scripted" });
  assert.deepEqual(other.forge.removed, ["dispatch:scripted"]);
});

const refusal = new Refusal(`doing a thing with ${LEAKED}: it is not there`, "Put it there.");
const broken = new Error(`unexpected ${LEAKED}`);

for (const [step, breakIt, reason] of [
  ["the forge's word on the repository", (b: Bench, e: Error) => b.forge.fail("repository", e), "prepare"],
  ["the credential for git", (b: Bench, e: Error) => b.forge.fail("gitCredential", e), "prepare"],
  ["the workspace", (b: Bench, e: Error) => b.workspaces.fail("prepare", e), "prepare"],
  ["the discussion", (b: Bench, e: Error) => b.forge.fail("comments", e), "prepare"],
  ["collecting the work", (b: Bench, e: Error) => b.workspaces.fail("collect", e), "publish"],
  ["pushing", (b: Bench, e: Error) => b.workspaces.fail("push", e), "publish"],
  ["opening the pull request", (b: Bench, e: Error) => b.forge.fail("openPull", e), "publish"],
] as const) {
  for (const [kind, error] of [
    ["refused", refusal],
    ["broken", broken],
    ["unanswered by the forge", new ForgeError("asking: no answer", 0, true)],
  ] as const) {
    // What may pass by itself is asked for again: a minute before a run, ten when its work is done.
    const asked = reason === "prepare" ? 7 : PAUSES.length + 1;
    const times = kind === "unanswered by the forge" ? asked : 1;
    test(`${step}, ${kind}, ends the run in one answer with the reason`, async (t) => {
      const bench = await openBench(t);
      for (let time = 0; time < times; time++) breakIt(bench, error);
      const run = await bench.run();
      assert.deepEqual([run.state, run.outcome?.kind === "failed" && run.outcome.reason], ["failed", reason]);
      const answer = await assertEndedOnce(bench, /❌ \*\*Failed\*\*/);
      assert.match(answer, /it is not there|unexpected|no answer/);
      assert.equal(answer.includes("Put it there."), kind === "refused");
      assert.ok(!answer.includes(LEAKED));
      assert.equal(bench.forge.times.length, reason === "publish" ? 1 : 0);
    });
  }
}

test("an agent that cannot be started fails the run with the fix, and no time is booked", async (t) => {
  const bench = await openBench(t, { script: () => ({ refuse: refusal }) });
  const run = await bench.run();
  assert.equal(run.outcome?.kind === "failed" && run.outcome.reason, "start");
  await assertEndedOnce(bench, /Put it there\./);
  assert.deepEqual([bench.forge.times, bench.forge.stopwatches], [[], []]);
});

test("a runtime that is not ready fails the run before anything is fetched", async (t) => {
  const bench = await openBench(t);
  await bench.enqueue();
  const runtimeFor = async () => {
    throw refusal;
  };
  await bench.work(await bench.claim(), { runtimeFor });
  await assertEndedOnce(bench, /Put it there\./);
  assert.deepEqual(bench.workspaces.asked, []);
});

test("an agent that is not configured any more fails the run, queued or already at work", async (t) => {
  for (const when of ["queued", "working"] as const) {
    const bench: Bench = await openBench(t, { script: () => ({ output: [DONE], act: forget }) });
    const forget = () => {
      bench.config = { ...bench.config, agents: {} };
    };
    await bench.enqueue();
    const claim = await bench.claim();
    if (when === "queued") forget();
    assert.equal((await bench.work(claim)).state, "failed");
    await assertEndedOnce(bench, /unknown agent: scripted/);
  }
});

test("a closed pull request is not worked on", async (t) => {
  const bench = await openBench(t);
  bench.forge.pulls.push({
    number: 15,
    url: "https://x",
    title: "t",
    open: false,
    headBranch: "topic",
    headSha: "a".repeat(40),
    headRepo: null,
    baseBranch: "main",
  });
  await bench.run({ isPull: true });
  await assertEndedOnce(bench, /pull request #15 of acme\/shop is closed/);
});

test("work with a secret of the bot's in it is not pushed", async (t) => {
  const bench = await openBench(t);
  bench.workspaces.leak = "src/a.ts";
  await bench.run();
  await assertEndedOnce(bench, /src\/a\.ts holds a secret/);
  assert.deepEqual(bench.workspaces.pushed, []);
});

async function outcomeOf(t: TestContext, script: Parameters<typeof openBench>[1]): Promise<Bench> {
  const bench = await openBench(t, script);
  await bench.run();
  return bench;
}

test("exit code, signal and memory are told as they were", async (t) => {
  const exits = [
    [{ code: 3 }, /exited with code 3/],
    [{ signal: "SIGSEGV" }, /killed by SIGSEGV/],
    [{ signal: "SIGKILL", outOfMemory: true }, /ran out of memory/],
  ] as const;
  for (const [exit, words] of exits) {
    await assertEndedOnce(await outcomeOf(t, { script: () => ({ output: [DONE], exit }) }), words);
  }
});

test("a silent agent is stopped at its idle limit", async (t) => {
  const bench = await outcomeOf(t, {
    script: () => ({ exit: null }),
    change: (config) => ({ ...config, limits: { ...config.limits, idleMs: 20 } }),
  });
  await assertEndedOnce(bench, /Timed out.*without a sign of life/);
});

test("an agent that prints without end is stopped", async (t) => {
  const bench = await outcomeOf(t, {
    script: () => ({ output: ["x".repeat(2_000)], exit: null }),
    change: (config) => ({ ...config, limits: { ...config.limits, outputBytes: 1_000 } }),
  });
  await assertEndedOnce(bench, /printed more than the configured limit/);
});
