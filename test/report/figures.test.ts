import assert from "node:assert/strict";
import { test } from "node:test";
import { count, duration, usage, utc } from "../../src/report/figures.ts";

test("durations are told in the two largest units", () => {
  assert.equal(duration(0), "0 s");
  assert.equal(duration(59_499), "59 s");
  assert.equal(duration(59_500), "1 min");
  assert.equal(duration(252_000), "4 min 12 s");
  assert.equal(duration(3_600_000), "1 h");
  assert.equal(duration(3_900_000), "1 h 5 min");
  assert.equal(duration(-5), "0 s");
});

test("times are told in UTC", () => {
  assert.equal(utc(Date.UTC(2026, 0, 2, 3, 4, 5)), "2026-01-02 03:04 UTC");
});

test("counts agree with their noun and group their digits", () => {
  assert.equal(count(1, "file"), "1 file");
  assert.equal(count(0, "file"), "0 files");
  assert.equal(count(1_234_567, "file"), "1,234,567 files");
});

test("usage tells cached tokens and cost only where they are known", () => {
  const used = { inputTokens: 1_000, cachedTokens: 0, outputTokens: 20, costUsd: null };
  assert.equal(usage(used), "1,000 tokens in, 20 out");
  assert.equal(
    usage({ ...used, cachedTokens: 900, costUsd: 1.5 }),
    "1,000 tokens in (900 cached), 20 out, $1.50",
  );
});
