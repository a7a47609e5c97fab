import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Outcome, PublishedWork, RunReport } from "../../src/model/outcome.ts";
import type { Run } from "../../src/model/run.ts";
import { answerEffects, finalAnswer } from "../../src/report/answer.ts";
import { endedRun, sampleRun } from "./sample-run.ts";

const report: RunReport = {
  exit: { code: 0, signal: null, outOfMemory: false },
  lastMessage: "Rounded half up, as @boss said.\n\n```js\nround(x)",
  logTail: [],
  usage: { inputTokens: 12_340, cachedTokens: 10_000, outputTokens: 2_345, costUsd: 0.421 },
};
const work: PublishedWork = {
  branch: "agent/prices-15",
  sha: "0".repeat(40),
  files: 3,
  added: 1200,
  removed: 1,
  note: null,
  pull: { number: 16, url: "https://codeberg.org/acme/shop/pulls/16", opened: true },
};

function ended(outcome: Outcome, more: Partial<Run> = {}): Run {
  return endedRun({ state: outcome.kind, outcome, report, ...more });
}

function shows(t: TestContext, ...runs: readonly Run[]): void {
  for (const run of runs) t.assert.snapshot(finalAnswer(run), { serializers: [String] });
}

test("completed: the pull request, the size of the change, the time, the last words folded", (t) => {
  shows(
    t,
    ended({ kind: "completed", work, review: null }),
    ended({ kind: "completed", work: { ...work, pull: { ...work.pull!, opened: false } }, review: null }),
    ended({ kind: "completed", work: { ...work, files: 1, pull: null }, review: null }, { report: null }),
  );
});

test("completed without changes, and a review", (t) => {
  shows(
    t,
    ended({ kind: "completed", work: null, review: null }),
    ended({ kind: "completed", work: null, review: "PASS, but:\n- `round` is untested\n\n```js\nopen" }),
  );
});

test("failed: why, exit code or signal, the fix, the last lines of the log folded", (t) => {
  const logTail = ["npm test", "```", "</details> 1 failed", "/dispatch cancel"];
  const killed = { code: null, signal: "SIGKILL", outOfMemory: true };
  const usage = null;
  const failed = { kind: "failed", reason: "agent", why: "Agent exited with code 7", fix: null } as const;
  shows(
    t,
    ended(failed, {
      report: { ...report, exit: { code: 7, signal: null, outOfMemory: false }, logTail, usage },
    }),
    ended(
      { kind: "failed", reason: "out_of_memory", why: "Killed at 2 GiB.", fix: "Raise `limits.memory`." },
      { report: { exit: killed, lastMessage: null, logTail: ["one"], usage } },
    ),
    sampleRun({
      state: "failed",
      outcome: { kind: "failed", reason: "prepare", why: "running git fetch: no such branch", fix: null },
    }),
  );
});

test("timed out, cancelled, blocked with the question quoted and how to answer", (t) => {
  shows(
    t,
    ended({ kind: "timed_out", limit: "total", ms: 3_600_000 }),
    ended({ kind: "timed_out", limit: "idle", ms: 600_000 }, { report: null }),
    ended({ kind: "cancelled", by: "octo_cat" }, { report: null }),
    ended({ kind: "blocked", question: "Which colour?\n\n1. red\n2. <b>blue</b>" }, { report: null }),
  );
});

test("no answer is longer than a forge takes, whatever the agent said", () => {
  const long = `@x <b>![a](b) ${"é\n".repeat(200_000)}`;
  const logTail = Array.from({ length: 500 }, () => "`".repeat(10_000));
  const outcomes: Outcome[] = [
    { kind: "completed", work: null, review: long },
    { kind: "failed", reason: "agent", why: long, fix: long },
    { kind: "blocked", question: long },
    { kind: "cancelled", by: long },
  ];
  for (const outcome of outcomes) {
    const text = finalAnswer(ended(outcome, { report: { ...report, lastMessage: long, logTail } }));
    assert.ok(text.length < 65_000, `${outcome.kind} ${text.length}`);
  }
});

test("a run's end is its status, one answer, and its label taken off", () => {
  const trigger = {
    ...sampleRun().trigger,
    kind: "label",
    commentId: null,
    label: "dispatch:codex",
  } as const;
  const effects = answerEffects(ended({ kind: "completed", work, review: null }, { trigger, attempt: 2 }));
  assert.deepEqual(
    effects.map(({ key, action }) => [key, action.kind]),
    [
      ["status:r1", "status"],
      [`answer:r1:2:${ended({ kind: "cancelled", by: "a" }).queuedAt}`, "comment"],
      [`unlabel:r1:2:${ended({ kind: "cancelled", by: "a" }).queuedAt}`, "unlabel"],
    ],
  );
});

test("a blocked run keeps its label; a review of a pull request is posted as one", () => {
  const trigger = { ...sampleRun().trigger, label: "dispatch:codex" };
  const kinds = (run: Run) => answerEffects(run).map(({ action }) => action.kind);
  assert.deepEqual(kinds(ended({ kind: "blocked", question: "?" }, { trigger })), ["status", "comment"]);
  const issue = { ...sampleRun().issue, isPull: true };
  assert.deepEqual(kinds(ended({ kind: "completed", work: null, review: "ok" }, { issue })), [
    "status",
    "review",
  ]);
  assert.deepEqual(kinds(ended({ kind: "completed", work: null, review: "ok" })), ["status", "comment"]);
});

test("a run without an outcome can not be answered", () => {
  assert.throws(() => finalAnswer(sampleRun()), /no outcome/);
});

test("what a reader should know of how the work was taken stands in the answer", () => {
  const note = "The agent had rewritten the history it started from, so its work is taken as one commit.";
  assert.match(
    finalAnswer(ended({ kind: "completed", work: { ...work, note }, review: null })),
    /rewritten the history/,
  );
});

test("the agent time is that of the attempt, and of all attempts when there were earlier ones", () => {
  const cancelled = { kind: "cancelled", by: "a" } as const;
  const times = { startedAt: 10_000, endedAt: 12_000 };
  assert.match(finalAnswer(ended(cancelled, times)), /· agent time 2 s(?! in all)(?!,)/);
  const again = { attempt: 2, agentMs: 3_000 };
  assert.match(finalAnswer(ended(cancelled, { ...times, ...again })), /· agent time 2 s, 5 s in all/);
  const unstarted = { startedAt: null, endedAt: null };
  assert.match(finalAnswer(ended(cancelled, { ...unstarted, ...again })), /· agent time 3 s in all/);
});
