import assert from "node:assert/strict";
import { test } from "node:test";
import { DURATION, durationMs, durationText, SIZE, sizeBytes } from "../../src/config/units.ts";
import { unknownWord } from "../../src/config/unknown-word.ts";
import { nearest } from "../../src/model/nearest.ts";

test("durations and sizes are read with their unit", () => {
  assert.deepEqual(
    ["250ms", "90s", "30m", "2h", "7d"].map(durationMs),
    [250, 90_000, 1_800_000, 7_200_000, 604_800_000],
  );
  assert.deepEqual(["1k", "512m", "2g"].map(sizeBytes), [1024, 536_870_912, 2_147_483_648]);
});

test("a duration is written in the largest unit that fits", () => {
  assert.deepEqual([250, 90_000, 1_800_000, 7_200_000, 604_800_000].map(durationText), [
    "250ms",
    "90s",
    "30m",
    "2h",
    "7d",
  ]);
});

test("no unit, zero, fractions and several units are no duration or size", () => {
  for (const text of ["30", "0s", "1.5h", "1h30m", "-1s", "", "30 m"]) assert.doesNotMatch(text, DURATION);
  for (const text of ["30", "0m", "1.5g", "2G", "2gb", ""]) assert.doesNotMatch(text, SIZE);
});

test("a misspelt word is told the nearest known one, an unlike word is not", () => {
  assert.equal(nearest("dokcer", ["docker", "podman"]), "docker");
  assert.equal(nearest("time_out", ["timeout", "template"]), "timeout");
  assert.equal(nearest("kubernetes", ["docker", "podman"]), null);
});

test("a long word is not repeated", () => {
  assert.equal(unknownWord("x".repeat(21), ["a"]), "is not one of them");
});
