import assert from "node:assert/strict";
import { test } from "node:test";
import { type Bench, LEAKED, openBench } from "./bench.ts";

/** The pull request as the forge was asked for it. */
function watchPulls(bench: Bench) {
  const asked: Parameters<Bench["forge"]["openPull"]>[1][] = [];
  const { openPull } = bench.forge;
  bench.forge.openPull = (repo, pull) => {
    asked.push(pull);
    return openPull.call(bench.forge, repo, pull);
  };
  return asked;
}

test("the pull request closes the issue, from the run's branch to the branch it began at", async (t) => {
  const bench = await openBench(t);
  const asked = watchPulls(bench);
  await bench.run();
  assert.deepEqual(
    asked.map(({ head, base, draft }) => [head, base, draft]),
    [["agent/issue-15", "main", false]],
  );
  assert.match(asked[0]?.body ?? "", /Closes #15/);
});

test("it is a draft where the repository or the admin wants drafts", async (t) => {
  const bench = await openBench(t);
  const asked = watchPulls(bench);
  await bench.enqueue();
  await bench.work(await bench.claim(), { draft: async () => true });
  assert.equal(asked[0]?.draft, true);
});

test("what an agent says of a secret does not reach the pull request", async (t) => {
  const bench = await openBench(t, { script: () => ({ output: [`DONE with ${LEAKED}\n`] }) });
  const asked = watchPulls(bench);
  await bench.run();
  assert.ok(asked[0] && !JSON.stringify(asked).includes(LEAKED));
});

test("on a pull request the work goes to it, and none is opened", async (t) => {
  const bench = await openBench(t);
  const asked = watchPulls(bench);
  bench.forge.pulls.push({
    number: 15,
    url: "https://codeberg.test/acme/shop/pulls/15",
    title: "t",
    open: true,
    headBranch: "topic",
    headSha: "a".repeat(40),
    headRepo: { forge: "codeberg", owner: "acme", name: "shop" },
    baseBranch: "main",
  });
  await bench.run({ isPull: true });
  assert.deepEqual(asked, []);
  assert.match((await bench.answers()).join(), /Pushed to pull request \[#15\]/);
});

test("the secret search looks for the bot's secrets before anything is pushed", async (t) => {
  const bench = await openBench(t);
  const order: string[] = [];
  const { push } = bench.workspaces;
  bench.workspaces.findSecret = async ({ secrets }) => {
    order.push(`search for ${secrets.join()}`);
    return null;
  };
  bench.workspaces.push = async (request) => {
    order.push("push");
    await push(request);
  };
  await bench.run();
  assert.deepEqual(order, [`search for ${LEAKED}`, "push"]);
});
