import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { openSync, readdirSync, readFileSync, statSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { Refusal } from "../../../src/model/errors.ts";
import { backupSqlite } from "../../../src/store/sqlite/backup.ts";
import { exportStore } from "../../../src/store/sqlite/export.ts";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../../../src/store/store.ts";
import { comment, delivery, enqueue, NO_CAPS } from "../contract/harness.ts";
import { startChild, withFile } from "./database.ts";

const open = (file: string) => openSqliteStore({ file, now: () => 0, newId: randomUUID });
const copyOf = (file: string) => join(dirname(file), "copy.sqlite");

async function refusal(file: string, target: string): Promise<Refusal> {
  const error = await backupSqlite(file, target).catch((reason: unknown) => reason);
  assert.ok(error instanceof Refusal, String(error));
  assert.ok(error.message.startsWith(`backing up to ${target}: `), error.message);
  assert.ok(error.fix);
  return error;
}

test(
  "a copy taken while another process writes on holds all that was acknowledged before it, and is one whole file",
  withFile(async (file) => {
    const store = await open(file);
    const runId = await enqueue(store);
    await store.claim("worker", NO_CAPS, 1);
    const child = startChild("receive", file, "load");
    const ended = once(child, "close");
    const before: string[] = [];
    const lines = createInterface({ input: child.stdout! });
    const enough = Promise.withResolvers<void>();
    lines.on("line", (id) => before.push(id) >= 300 && enough.resolve());
    await enough.promise;
    const acknowledged = [...before];
    const steps: number[] = [];
    const made = await backupSqlite(file, copyOf(file), (done) => steps.push(done));
    child.kill("SIGKILL");
    await ended;
    assert.deepEqual(made, { file: copyOf(file), bytes: statSync(copyOf(file)).size, runs: 1 });
    assert.equal(statSync(copyOf(file)).mode & 0o777, 0o600);
    assert.ok(steps.every((done) => done >= 0 && done <= 1));
    assert.deepEqual(
      readdirSync(dirname(file)).filter((name) => name.startsWith("copy")),
      ["copy.sqlite"],
    );
    await store.close();
    const restored = await open(copyOf(file));
    const stored = new Set((await restored.nextDeliveries(1_000_000)).map(({ id }) => id));
    assert.deepEqual(
      acknowledged.filter((id) => !stored.has(id)),
      [],
    );
    assert.equal((await restored.run(runId))?.state, "preparing");
    await restored.close();
  }),
);

test(
  "a copy of many pages tells how far it is, whatever is written to the store meanwhile",
  withFile(async (file) => {
    const store = await open(file);
    const body = JSON.stringify({ text: "x".repeat(500_000) });
    for (let n = 0; n < 60; n++) await store.receive({ ...delivery(String(n)), body });
    const steps: number[] = [];
    const made = backupSqlite(file, copyOf(file), (done) => {
      steps.push(done);
      void store.receive(delivery(`meanwhile ${steps.length}`));
    });
    await made;
    assert.ok(steps.length >= 3, `${steps.length} steps`);
    assert.deepEqual(
      steps,
      steps.toSorted((a, b) => a - b),
    );
    await store.close();
    const copy = exportStore(copyOf(file));
    assert.equal(copy.counts.deliveries, 60, "the copy is of one moment");
    copy.close();
  }),
);

test(
  "what waited to be said when the copy was made is looked for when it is restored, as it may have been said since",
  withFile(async (file) => {
    const store = await open(file);
    await store.addEffects([comment("waiting", 1), comment("confirmed", 2)]);
    const taken = await store.takeEffects(["github"], 8, 0);
    const confirmed = taken.find(({ key }) => key === "confirmed");
    await store.confirmEffect(confirmed?.id ?? "", null);
    await store.addEffects([comment("waiting too", 3)]);
    await backupSqlite(file, copyOf(file));
    const restored = await open(copyOf(file));
    const tries = async (of: Store) =>
      (await of.takeEffects(["github"], 8, 0)).map((one) => [one.key, one.tries]);
    assert.deepEqual(await tries(restored), [
      ["waiting", 1],
      ["waiting too", 1],
    ]);
    await restored.close();
    assert.deepEqual((await tries(store)).at(1), ["waiting too", 0], "the store itself stays as it is");
    await store.close();
  }),
);

test(
  "what is there already is not written over, a store that is not there not copied, and nothing is left behind",
  withFile(async (file) => {
    const none = await refusal(file, copyOf(file));
    assert.match(none.message, /there is no store/);
    await (await open(file)).close();
    writeFileSync(copyOf(file), "mine");
    assert.match((await refusal(file, copyOf(file))).message, /already/);
    assert.equal(readFileSync(copyOf(file), "utf8"), "mine");
    await refusal(file, join(dirname(file), "nowhere/copy.sqlite"));
    assert.deepEqual(readdirSync(dirname(file)).toSorted(), ["copy.sqlite", "store.db"]);
  }),
);

test(
  "a damaged store is not taken for a backup",
  withFile(async (file) => {
    const store = await open(file);
    for (let n = 0; n < 100; n++) await enqueue(store);
    await store.close();
    const pages = statSync(file).size / 4_096;
    writeSync(openSync(file, "r+"), Buffer.alloc(4_096 * 4, 0x5a), 0, null, (pages - 6) * 4_096);
    const { message } = await refusal(file, copyOf(file));
    assert.match(message, /the store is damaged/);
    assert.deepEqual(
      readdirSync(dirname(file)).filter((name) => name.startsWith("copy")),
      [],
    );
  }),
);
