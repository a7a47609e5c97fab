import assert from "node:assert/strict";
import { test } from "node:test";
import { pauseAfter, pauseBefore } from "../../src/catch-up/pause.ts";
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

test("a look that was not through goes on soon; with trouble the pauses grow, to a minute at most", () => {
  const next = (trouble: string | null, through: boolean, everyMs: number | null, troubled = 1) =>
    pauseBefore({ trouble, through }, troubled, everyMs, 2_000);
  assert.deepEqual([next(null, true, null), next(null, true, 300_000)], [null, 300_000]);
  assert.deepEqual(
    [next(null, false, null), next(null, false, 300_000), next(null, false, 1)],
    [2_000, 2_000, 1],
  );
  const troubled = [1, 3, 20];
  assert.deepEqual(
    troubled.map((count) => next("acme/app", false, 300_000, count)),
    [5_000, 20_000, 60_000],
  );
  assert.deepEqual([next("acme/app", true, 300_000, 20), next("acme/app", true, null, 2)], [300_000, 10_000]);
});
