import assert from "node:assert/strict";
import { test } from "node:test";
import { commitMessage, pullBody, pullTitle } from "../../src/report/pull.ts";
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

test("the issue's words neither close nor mention, in the title and in the commit's message", () => {
  const run = sampleRun();
  for (const write of [pullTitle, commitMessage]) {
    const written = (title: string) => write({ ...run, issue: { ...run.issue, title } });
    const told = written("Fix typo, closes #12 @team, reopens !3");
    assert.doesNotMatch(told, /closes #|@team|reopens !/);
    assert.equal(told.replaceAll("\u200b", "").startsWith("Fix typo, closes #12 @team, reopens !3"), true);
    assert.match(written("a\n\nCo-authored-by: eve\u202e"), /^a Co-authored-by: eve(?: \(#15\)\n|$)/);
    for (const length of [58, 59, 98, 99]) {
      const cut = written(`${"x".repeat(length)}😀😀😀`);
      assert.ok(cut.isWellFormed() && !cut.includes("\ufffd"), cut);
    }
  }
});

test("a commit's subject holds 60 characters of the issue's title, and is never without words", () => {
  const run = sampleRun();
  const subject = (title: string) => commitMessage({ ...run, issue: { ...run.issue, title } }).split("\n")[0];
  assert.equal(subject("x".repeat(300)), `${"x".repeat(59)}… (#15)`);
  assert.equal(subject(" "), "Work of codex on #15 (#15)");
  assert.match(commitMessage(run), /\n\nWork of codex:gpt-5, left uncommitted by it\.$/);
});
