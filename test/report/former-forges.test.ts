import assert from "node:assert/strict";
import { test } from "node:test";
import { comment, openOutboxDesk } from "./desk.ts";

test("what is for a forge that was taken out of the configuration is given up once, with a warning", async (t) => {
  const { store, forge, github, outbox, clock, add, restarted, logged, closed } = await openOutboxDesk(t);
  closed.push("codeberg");
  await outbox.flush();
  await add({ a: comment("one"), b: comment("two") });
  await add({ c: comment("elsewhere") }, 1, "github");
  const later = restarted("codeberg");
  await later.flush();
  assert.deepEqual([forge.said.length, github.said.length, await store.pendingEffects()], [0, 1, 0]);
  await add({ d: comment("of a run that ends later") });
  await later.flush();
  clock.ms += 3_600_000;
  await restarted("codeberg").flush();
  assert.deepEqual(
    logged.map(({ msg, key, reason }) => [msg, key, reason]),
    ["a", "b", "d"].map((key) => ["effect given up", key, "its forge is not configured any more"]),
  );
});

test("what is for a forge that this process was not started with, but another was, is left to that one", async (t) => {
  const { store, github, add, restarted } = await openOutboxDesk(t);
  const older = restarted("github");
  await older.flush();
  const newer = restarted();
  await newer.flush();
  await add({ a: comment("one") }, 1, "github");
  await older.flush();
  assert.equal(await store.pendingEffects(), 1);
  await newer.flush();
  assert.equal(github.said.length, 1);
});
