import assert from "node:assert/strict";
import { test } from "node:test";
import { pauseAfter } from "../../src/catch-up/pause.ts";
import { ForgeError } from "../../src/model/errors.ts";

const limited = (retryAfterMs: number) =>
  new ForgeError("asking: too many requests", 429, true, retryAfterMs);

test("pauses grow with the failures, to ten minutes at most", () => {
  const pauses = [1, 2, 3, 20].map((failures) => pauseAfter(failures, new Error("down")));
  assert.deepEqual(pauses, [5_000, 10_000, 20_000, 600_000]);
});

test("the forge's own word on when to come again counts when it is later, up to an hour", () => {
  const pauses = [1_000, 900_000, 1e12].map((asked) => pauseAfter(1, limited(asked)));
  assert.deepEqual(pauses, [5_000, 900_000, 3_600_000]);
});
