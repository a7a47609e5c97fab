import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoderabbitReader } from "../../../src/agents/coderabbit/reader.ts";
import { lines, readAll } from "../fixtures.ts";

const NOW = 1_000_000;
const reader = () => createCoderabbitReader(() => NOW);
const finding = { type: "finding", severity: "major", fileName: "src/a.ts", comment: "Off by one.\nUse <." };
const complete = { type: "complete", status: "review_completed", findings: 1 };

test("the review is the list of findings", () => {
  const run = lines(
    { type: "heartbeat" },
    finding,
    { type: "finding", codegenInstructions: "Rename it.", comment: "" },
    complete,
  );
  const { events, result } = readAll(reader(), run, 0);
  assert.equal(result.ok, true);
  assert.equal(result.lastMessage, "- **major** `src/a.ts`: Off by one.\n  Use <.\n- **info**: Rename it.");
  assert.equal(events.length, 2);
});

test("a review without findings says so, and one that broke off does not", () => {
  assert.equal(readAll(reader(), lines(complete), 0).result.lastMessage, "No findings.");
  const broken = readAll(reader(), lines({ type: "status", status: "reviewing" }), 0).result;
  assert.deepEqual([broken.ok, broken.lastMessage], [false, null]);
});

test("only so many findings are kept, and the rest counted", () => {
  const { result } = readAll(reader(), lines(...Array.from({ length: 510 }, () => finding), complete), 0);
  assert.ok(result.lastMessage?.endsWith("\n- and 10 more"));
});

for (const [error, cause, resetsAt] of [
  [
    { errorType: "rate_limit", message: "Slow down", metadata: { waitTime: "12 minutes and 30 seconds" } },
    "limit",
    NOW + 750_000,
  ],
  [{ errorType: "rate_limit", message: "Slow down" }, "limit", null],
  [{ errorType: "rate_limit", message: "Slow down", metadata: { waitTime: "soon" } }, "limit", null],
  [{ errorType: "auth", message: "Log in" }, "auth", null],
  [{ message: "The review was too large" }, "other", null],
] as const) {
  test(`${JSON.stringify(error)} is fatal, by ${cause}`, () => {
    const { result } = readAll(reader(), lines({ type: "error", ...error }, complete), 0);
    assert.deepEqual([result.ok, result.cause, result.resetsAt], [false, cause, resetsAt]);
    assert.equal(result.failure, error.message);
  });
}
