/** Every place where a run's words come out: none of them holds a secret, and what could not be cleaned is not said. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type Bench, DONE, LEAKED, openBench } from "./bench.ts";

/** Everything the forge was told, or the bot keeps in words. */
async function told(bench: Bench, issue = 15) {
  const run = await bench.store.lastRun({ forge: "codeberg", owner: "acme", name: "shop" }, issue);
  return JSON.stringify([bench.forge.said, bench.forge.reviewed, run?.outcome, run?.report]);
}

test("comments: the agent's question holds none", async (t) => {
  const act = ({ folders }: { readonly folders: { readonly checkout: string } }) =>
    writeFile(join(folders.checkout, "BLOCKED.md"), `Is ${LEAKED} right?`);
  const bench = await openBench(t, { script: () => ({ act }) });
  assert.equal((await bench.run()).state, "blocked");
  assert.match((await bench.answers())[0] ?? "", /Is \[redacted\] right\?/);
  assert.ok(!(await told(bench)).includes(LEAKED));
});

test("comments: its last words and the last lines of its log hold none, also at the end of a long one", async (t) => {
  const long = `${"x".repeat(1_990)}${LEAKED}`;
  const bench = await openBench(t, {
    script: () => ({
      output: [`the key is ${LEAKED}\n`, `${long}\n`, `DONE with ${LEAKED}\n`],
      exit: { code: 3 },
    }),
  });
  assert.equal((await bench.run()).state, "failed");
  const all = await told(bench);
  assert.ok(!all.includes(LEAKED) && !all.includes(LEAKED.slice(0, 8)), all);
});

test("the status comment: what the agent is seen to do holds none", async (t) => {
  const bench = await openBench(t, {
    script: () => ({ output: [`looking at ${LEAKED}\n`, DONE], pauseMs: 20 }),
  });
  const bodies: string[] = [];
  const { addEffects } = bench.store;
  const store = {
    ...bench.store,
    addEffects: (effects: Parameters<typeof addEffects>[0]) => {
      bodies.push(JSON.stringify(effects));
      return addEffects(effects);
    },
  };
  await bench.enqueue();
  await bench.work(await bench.claim(), { store });
  assert.ok(!bodies.join().includes(LEAKED) && !(await bench.status()).includes(LEAKED));
});

test("the readable log holds none", async (t) => {
  const bench = await openBench(t, { script: () => ({ output: [`the key is ${LEAKED}\n`, DONE] }) });
  const run = await bench.run();
  assert.match(await readFile(bench.deps.logFile(run), "utf8"), /the key is \[redacted\]/);
});

test("reviews hold none", async (t) => {
  const bench = await openBench(t, { script: () => ({ output: [`DONE but ${LEAKED} is in it\n`] }) });
  bench.forge.pulls.push({
    ...{ number: 15, url: "https://codeberg.test/acme/shop/pulls/15", title: "t", open: true },
    ...{ headBranch: "topic", headSha: "a".repeat(40), baseBranch: "main" },
    headRepo: { forge: "codeberg", owner: "acme", name: "shop" },
  });
  await bench.run({ agent: "critic", isPull: true });
  const all = await told(bench);
  assert.ok(!all.includes(LEAKED));
  assert.match(all, /\[redacted\] is in it/);
});

test("the pull request: one whose title or text would show a secret all the same is not opened, and it is said", async (t) => {
  const bench = await openBench(t, { script: () => ({ output: ["DONE see a-secret\\-that-leaked\n"] }) });
  const run = await bench.run();
  assert.deepEqual(bench.forge.pulls, []);
  assert.equal(run.outcome?.kind === "failed" && run.outcome.reason, "publish");
  assert.match((await bench.answers())[0] ?? "", /its text would hold a secret of the bot's own/);
});
