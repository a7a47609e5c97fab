/** Watching goes on whatever the telling of it does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LiveStatus } from "../../src/report/live-status.ts";
import { DONE, openBench } from "./bench.ts";

test("an event that cannot be told costs a line in the log, not the process", async (t) => {
  const bench = await openBench(t, { script: () => ({ output: ["works\n", DONE] }) });
  await bench.enqueue();
  const update: LiveStatus["update"] = (run, body) => {
    if (typeof body === "function") throw new Error("thrown before a promise");
    return bench.deps.live.update(run, body);
  };
  const run = await bench.work(await bench.claim(), { live: { ...bench.deps.live, update } });
  assert.equal(run.state, "completed");
  const told = bench.logged.filter(({ msg }) => msg === "an agent's event was not told");
  assert.equal(told[0]?.reason, "thrown before a promise");
});
