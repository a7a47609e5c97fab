import assert from "node:assert/strict";
import { test } from "node:test";
import { showStatus } from "../../src/cli/show-status.ts";
import { aRun, NOW } from "./terminal.ts";

const plain = (text: string): string => text;
const quiet = { frozen: false, workers: null, runs: [], pools: [], pendingEffects: 0 };

test("runs are a table with aligned columns", () => {
  const runs = [
    aRun(),
    aRun({
      id: "01k9abd",
      state: "queued",
      createdAt: NOW - 3 * 3_600_000,
      request: { ...aRun().request, agent: "claude" },
    }),
  ];
  assert.equal(
    showStatus({ ...quiet, runs }, NOW, plain),
    [
      "RUN      STATE    AGENT        ISSUE                 AGE  TITLE",
      "01k9abc  running  codex:gpt-5  codeberg:acme/shop#7  12m  Add a cart",
      "01k9abd  queued   claude       codeberg:acme/shop#7  3h   Add a cart",
      "",
    ].join("\n"),
  );
});

test("what holds the queue is said first, with the way out", () => {
  const pools = [
    { pool: "codex", failures: 3, pausedUntil: NOW + 90_000 },
    { pool: "claude", failures: 1, pausedUntil: null },
    { pool: "gemini", failures: 3, pausedUntil: NOW - 1 },
  ];
  assert.equal(
    showStatus({ frozen: true, workers: ["one-12345678"], runs: [], pools, pendingEffects: 2 }, NOW, plain),
    [
      "workers: one-12345678",
      "frozen: no run starts; thaw with: agent-dispatch thaw",
      "paused: codex for 1m; end it with: agent-dispatch pool resume codex",
      "2 answers wait for a forge",
      "",
      "no runs",
      "",
    ].join("\n"),
  );
});

test("a long title is cut, and one that would drive the terminal is made harmless", () => {
  const { issue } = aRun();
  const table = (title: string): string =>
    showStatus({ ...quiet, runs: [aRun({ issue: { ...issue, title } })] }, NOW, plain);
  assert.match(table("x".repeat(60)), new RegExp(`  ${"x".repeat(39)}…\n$`));
  assert.match(table("\u001b[31mred\u202e\nevil"), / {2}red evil\n$/);
});
