import assert from "node:assert/strict";
import { test } from "node:test";
import { pullBody, pullTitle } from "../../src/report/pull.ts";
import { sampleRun } from "./sample-run.ts";

test("a pull request closes its issue, and no other one that the agent names", () => {
  const report = { exit: null, lastMessage: "Fixes #99 too, @boss.", logTail: [], usage: null };
  const body = pullBody(sampleRun({ report }));
  assert.match(body, /^Closes #15\./);
  assert.doesNotMatch(body, /Fixes #99|@boss/);
});

test("the task is folded into the pull request, and who asked is told without a mention", (t) => {
  const run = sampleRun();
  t.assert.snapshot(
    pullBody({ ...run, request: { ...run.request, task: "Round half up.\n\n- all prices" } }),
    {
      serializers: [String],
    },
  );
});

test("work asked for on a pull request closes nothing", () => {
  const run = sampleRun();
  assert.match(pullBody({ ...run, issue: { ...run.issue, isPull: true } }), /^For #15\./);
});

test("the title is the issue's, in one line, short, and never empty", () => {
  const run = sampleRun();
  const titled = (title: string) => pullTitle({ ...run, issue: { ...run.issue, title } });
  assert.equal(titled("a\n b\u202e"), "a b");
  assert.equal(titled("x".repeat(300)).length, 100);
  assert.equal(titled(" "), "Work of codex on #15");
});
