/** A worker's process dies at the worst moment: its agents are gone before another may take their runs over. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { guardMs } from "../../src/compose/parts.ts";
import type { Config } from "../../src/config/config.ts";
import { looksIn } from "../../src/runtimes/native/alive.ts";
import type { Store } from "../../src/store/store.ts";
import { lost } from "../../src/worker/fence.ts";

const fleet = {} as NonNullable<Store["fleet"]>;
const configOf = (leaseMs: number, graceMs: number) => ({ leaseMs, limits: { graceMs } }) as Config;

test("the guard's patience ends within the bound with a second to spare, whatever lease and grace are", () => {
  for (const leaseMs of [10_000, 30_000, 45_500, 3_600_000]) {
    for (const graceMs of [0, 1_000, 2_500, 10_000, 20_000, 600_000]) {
      const config = configOf(leaseMs, graceMs);
      const { lostMs } = lost({ store: { fleet } as Store, config: () => config }) as { lostMs: number };
      // Died when its lease ended; its last sign was seen a look late.
      const goneMs = (looksIn(guardMs(config)) + 1) * 1000;
      assert.ok(goneMs + 1000 <= lostMs, `${leaseMs} ${graceMs}: ${goneMs} of ${lostMs}`);
    }
  }
});

test("an agent outlives a quick restart of its worker", () => {
  assert.equal(guardMs(configOf(30_000, 10_000)), 12_000);
  assert.equal(guardMs(configOf(30_000, 60_000)), 20_000);
});
