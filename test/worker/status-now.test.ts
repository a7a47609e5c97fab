import assert from "node:assert/strict";
import { test } from "node:test";
import { statusNow } from "../../src/worker/status-now.ts";
import { openBench } from "./bench.ts";

test("the status is that of the moment, in each state", async (t) => {
  const bench = await openBench(t);
  const now = () => bench.clock.ms;
  const deps = { store: bench.store, config: () => bench.config, now };
  const id = await bench.enqueue();
  const told = async () => await statusNow((await bench.store.run(id))!, deps);
  assert.match(await told(), /Queued.*nothing is ahead of it/);
  await bench.store.setFrozen(true);
  assert.match(await told(), /frozen/);
  await bench.store.setFrozen(false);
  const { lease } = await bench.claim();
  assert.match(await told(), /Preparing/);
  await bench.store.move(lease, "running", { startedAt: now() }, []);
  bench.clock.ms += 65_000;
  assert.match(await told(), /Running.*1 min 5 s/);
  await bench.store.move(lease, "publishing", {}, []);
  assert.match(await told(), /Publishing/);
  await bench.store.move(lease, "timed_out", {}, []);
  assert.match(await told(), /The last run \*\*timed out\*\*/);
});
