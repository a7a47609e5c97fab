import assert from "node:assert/strict";
import { test } from "node:test";
import { parseResetTime } from "../../../src/agents/codex/reset-time.ts";

const NOW = Date.UTC(2026, 10, 22, 17, 30, 20);

for (const [sentence, expected] of [
  ["You’ve hit your usage limit. Try again at 6:03 PM.", Date.UTC(2026, 10, 22, 18, 3)],
  ["or try again at 12:05 AM.", Date.UTC(2026, 10, 23, 0, 5)],
  ["or try again at 9:00 AM.", Date.UTC(2026, 10, 23, 9, 0)],
  ["or try again at 5:30 PM.", Date.UTC(2026, 10, 22, 17, 30)],
  ["or try again at Nov 25th, 2026 6:03 PM.", Date.UTC(2026, 10, 25, 18, 3)],
  ["or try again at Jan 1st, 2027 12:00 PM.", Date.UTC(2027, 0, 1, 12, 0)],
  ["or try again later.", null],
  ["or try again at Foo 1st, 2027 12:00 PM.", null],
] as const) {
  test(`"${sentence}" is ${expected === null ? "no time" : new Date(expected).toISOString()}`, () => {
    assert.equal(parseResetTime(sentence, NOW), expected);
  });
}
