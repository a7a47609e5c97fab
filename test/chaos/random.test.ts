/** Choices by a seed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { randomOf } from "./random.ts";

const drawn = (seed: number, name: string) => {
  const random = randomOf(seed, name);
  return Array.from({ length: 1000 }, () => random.next());
};

test("the same seed and name draw the same, another seed or name draws something else", () => {
  assert.deepEqual(drawn(7, "killer"), drawn(7, "killer"));
  assert.notDeepEqual(drawn(7, "killer"), drawn(8, "killer"));
  assert.notDeepEqual(drawn(7, "killer"), drawn(7, "crowd"));
});

test("draws lie between 0 and 1 and are spread evenly", () => {
  const all = drawn(3, "spread");
  assert.ok(all.every((value) => value >= 0 && value < 1));
  const low = all.filter((value) => value < 0.25).length;
  assert.ok(low > 200 && low < 300, `${low} of 1000 lie in the first quarter`);
});

test("both ends of a range are drawn, and nothing beyond them", () => {
  const random = randomOf(1, "range");
  const all = new Set(Array.from({ length: 200 }, () => random.between(2, 4)));
  assert.deepEqual([...all].sort(), [2, 3, 4]);
});

test("a name is drawn as often as its weight says, and never with the weight 0", () => {
  const random = randomOf(5, "weights");
  const all = Array.from({ length: 1000 }, () => random.weighted({ often: 3, seldom: 1, never: 0 }));
  const often = all.filter((name) => name === "often").length;
  assert.ok(often > 700 && often < 800, `${often} of 1000`);
  assert.ok(!all.includes("never"));
});
