/** One timer for all who look again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTicker } from "../../../src/runtimes/output/ticker.ts";

const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;

test("two hundred looks share one timer, which ends with the last of them", async () => {
  const ticker = createTicker(1);
  const before = timers();
  const seen = new Set<number>();
  const all = Promise.withResolvers<void>();
  const offs = Array.from({ length: 200 }, (_, index) =>
    ticker.each(() => {
      seen.add(index);
      if (seen.size === 200) all.resolve();
    }),
  );
  assert.equal(timers(), before + 1);
  await all.promise;
  for (const off of offs) off();
  assert.equal(timers(), before);
});

test("who has gone is not called any more, even within the same tick", async () => {
  const ticker = createTicker(1);
  const ticked = Promise.withResolvers<void>();
  let called = false;
  const offs: (() => void)[] = [];
  offs.push(ticker.each(() => offs[1]?.()));
  offs.push(
    ticker.each(() => {
      called = true;
    }),
  );
  offs.push(ticker.each(() => ticked.resolve()));
  await ticked.promise;
  for (const off of offs) off();
  assert.equal(called, false);
});
