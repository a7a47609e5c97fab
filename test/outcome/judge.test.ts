import assert from "node:assert/strict";
import { test } from "node:test";
import type { AgentResult } from "../../src/agents/agent.ts";
import { type EndFacts, judge } from "../../src/outcome/judge.ts";

const DONE: AgentResult = {
  ok: true,
  failure: null,
  cause: null,
  resetsAt: null,
  lastMessage: "Done.",
  session: null,
  usage: null,
};
const SILENT: AgentResult = { ...DONE, ok: false, lastMessage: null };
const WELL: EndFacts = {
  exit: { code: 0, signal: null, outOfMemory: false },
  result: DONE,
  question: null,
  ended: "exit",
  cancelledBy: null,
  limitMs: 60_000,
  diskBytes: 2 ** 31,
  agentMs: 12_000,
};
const code = (n: number) => ({ code: n, signal: null, outOfMemory: false });
const killed = (signal: string) => ({ code: null, signal, outOfMemory: false });
const UNSEEN = { code: null, signal: null, outOfMemory: false };
const failed = (reason: string, why: string | RegExp, fix: RegExp | null = null) => ({
  kind: "failed",
  reason,
  why,
  fix,
});

/** Each row is one of "End of a run", or a meeting of two causes. */
const TABLE: readonly (readonly [string, Partial<EndFacts>, Readonly<Record<string, unknown>>])[] = [
  ["exit 0 and a success event is published", {}, { kind: "publish" }],
  ["a question blocks", { question: "Which?" }, { kind: "blocked", question: "Which?" }],
  [
    "a question blocks whatever the exit code",
    { question: "Q", exit: code(3), result: SILENT },
    { kind: "blocked", question: "Q" },
  ],
  [
    "a question blocks whatever the signal",
    { question: "Q", exit: killed("SIGKILL") },
    { kind: "blocked", question: "Q" },
  ],
  [
    "a question was asked before a limit struck",
    { question: "Q", ended: "idle" },
    { kind: "blocked", question: "Q" },
  ],
  [
    "a cancel by a person comes before a question",
    { question: "Q", ended: "cancelled", cancelledBy: "ann" },
    { kind: "cancelled", by: "ann" },
  ],
  [
    "a cancel wins over the signal it causes",
    { ended: "cancelled", cancelledBy: "ann", exit: killed("SIGTERM") },
    { kind: "cancelled", by: "ann" },
  ],
  [
    "a cancel wins over a success on the way out",
    { ended: "cancelled", cancelledBy: "ann" },
    { kind: "cancelled", by: "ann" },
  ],
  [
    "writing too much is named, with the limit",
    { ended: "disk", exit: killed("SIGTERM") },
    failed(
      "agent",
      "Agent wrote so much that its folders take up more than 2,048 MB, and was stopped",
      /raise dispatch\.disk/,
    ),
  ],
  [
    "a nearly full disk is named, and that it took up most",
    { ended: "full", exit: killed("SIGTERM") },
    failed(
      "agent",
      "The bot's disk was nearly full, and this agent took up most of it of those at work, so it was stopped",
      /Free some space/,
    ),
  ],
  ["a cancel after the end is too late", { cancelledBy: "ann" }, { kind: "publish" }],
  [
    "the total limit is named",
    { ended: "total", exit: killed("SIGTERM") },
    { kind: "timed_out", limit: "total", ms: 60_000 },
  ],
  [
    "the idle limit is named",
    { ended: "idle", exit: killed("SIGKILL") },
    { kind: "timed_out", limit: "idle", ms: 60_000 },
  ],
  [
    "a limit wins over the memory that ran out while it was stopped",
    { ended: "total", exit: { code: 137, signal: null, outOfMemory: true } },
    { kind: "timed_out", limit: "total", ms: 60_000 },
  ],
  [
    "too much output fails",
    { ended: "output", exit: killed("SIGTERM") },
    failed("agent", /more than the configured limit within 12 s/, /output limit/),
  ],
  [
    "memory that ran out fails as such, not as a code",
    { exit: { code: 137, signal: null, outOfMemory: true }, result: SILENT },
    failed("out_of_memory", "Agent ran out of memory", /memory limit/),
  ],
  [
    "a refused key is the provider's no",
    { exit: code(1), result: { ...SILENT, cause: "auth", failure: "401" } },
    failed("auth", /refused the agent's key or login: 401/, /API key/),
  ],
  [
    "a limit tells when it ends",
    { exit: code(1), result: { ...SILENT, cause: "limit", resetsAt: 0 } },
    failed("limit", /reached its limit/, /until 1970-01-01T00:00:00.000Z/),
  ],
  [
    "a limit without a time says to wait for its end",
    { result: { ...SILENT, cause: "limit" } },
    failed("limit", /reached its limit/, /until the limit ends/),
  ],
  [
    "another exit code fails with it",
    { exit: code(2), result: SILENT },
    failed("agent", "Agent exited with code 2"),
  ],
  [
    "an exit code fails in spite of a success event",
    { exit: code(2) },
    failed("agent", "Agent exited with code 2"),
  ],
  [
    "the agent's own words go with the code",
    { exit: code(1), result: { ...SILENT, failure: "model gone" } },
    failed("agent", "Agent exited with code 1: model gone"),
  ],
  [
    "a missing program is named",
    { exit: code(127), result: SILENT },
    failed("agent", "Agent exited with code 127", /not found/),
  ],
  [
    "a program that may not run is named",
    { exit: code(126), result: SILENT },
    failed("agent", "Agent exited with code 126", /permissions/),
  ],
  [
    "killed is failed, with the signal",
    { exit: killed("SIGKILL"), result: SILENT },
    failed("agent", "Agent was killed by SIGKILL"),
  ],
  [
    "exit 0 alone is no success",
    { result: SILENT },
    failed("agent", "Agent ended without saying it had finished", null),
  ],
  [
    "exit 0 with a failure event says it",
    { result: { ...SILENT, failure: "gave up" } },
    failed("agent", "Agent reported a failure: gave up"),
  ],
  ["an end nobody saw is lost", { exit: UNSEEN, result: SILENT }, failed("lost", /nobody saw how/, null)],
  [
    "an end nobody saw counts as well when the success event is in the log",
    { exit: UNSEEN },
    { kind: "publish" },
  ],
  ["a run the bot let go of is lost", { ended: "lost" }, failed("lost", /nobody saw how/, null)],
];

for (const [sentence, facts, expected] of TABLE) {
  test(sentence, () => {
    const judgement: Record<string, unknown> = { ...judge({ ...WELL, ...facts }) };
    assert.deepEqual(Object.keys(judgement).sort(), Object.keys(expected).sort());
    for (const [key, value] of Object.entries(expected)) {
      if (value instanceof RegExp) assert.match(String(judgement[key]), value);
      else assert.equal(judgement[key], value);
    }
  });
}
