/** Figures in words. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { percentile, spread, tally } from "./figures.ts";

test("half of all lie at or below p50, and of nothing there is none", () => {
  assert.equal(percentile([5, 1, 3], 0.5), 3);
  assert.equal(percentile([4, 1, 2, 3], 0.5), 2);
  assert.equal(percentile([1, 2], 1), 2);
  assert.equal(percentile([], 0.5), null);
});

test("a spread tells p50, the most and of how many", () => {
  assert.equal(spread([1000, 2100, 900]), "p50 1.0 s, max 2.1 s (of 3)");
  assert.equal(spread([]), "none");
});

test("a tally begins with the most frequent", () => {
  assert.equal(tally(["a", "b", "b"]), "b 2, a 1");
});
