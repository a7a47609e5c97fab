/** Data of every earlier version, as its fixture holds it, walks up to the newest and keeps its meaning. */
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { LEASED_STATES, RUN_STATES } from "../../../src/model/run.ts";
import { exportStore } from "../../../src/store/sqlite/export.ts";
import { MIGRATIONS } from "../../../src/store/sqlite/schema.ts";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import { claim, comment, delivery, enqueue, FORGES, REPO, settle } from "../contract/harness.ts";
import { withFile } from "./database.ts";

const HOUR = 3_600_000;
/** When the fixtures were made. */
const MADE = 1_795_000_000_000;

/** SHA-256 of each released step's SQL. A step that is here is never edited: add another. */
const RELEASED = [
  "f8a8dc2034020b28e48440353c27ef1f5ba9379fff25991da8837e2889197101",
  "7ca8a205d1d998a3f5052fbad6613f3467b0d07273acc4dece6a87d9df4f83ee",
];

function load(file: string, version: number): void {
  const db = new DatabaseSync(file, { enableForeignKeyConstraints: false });
  db.exec(readFileSync(join(import.meta.dirname, `fixtures/v${version}.sql`), "utf8"));
  assert.equal(db.prepare("pragma user_version").get()?.user_version, version);
  db.close();
}

test("no step that was released was edited", () => {
  const hashes = MIGRATIONS.map(({ sql }) => createHash("sha256").update(sql).digest("hex"));
  assert.deepEqual(hashes, RELEASED);
});

for (const { version } of MIGRATIONS) {
  test(
    `everything in a file of version ${version} is there in the newest, with its meaning`,
    withFile((file) => {
      load(file, version);
      const dump = exportStore(file);
      const { deliveries, keys, labels, runs, events, effects, pools, bookmarks, settings } = dump;
      const received = [...(deliveries as Iterable<{ id: string; body: string; settledAt: number | null }>)];
      assert.equal(received.length, 15);
      assert.deepEqual(
        received.filter(({ settledAt }) => settledAt === null).map(({ id, body }) => [id, body]),
        [["open", '{"id":"open"}']],
      );
      assert.equal([...(keys as Iterable<string>)].length, 13);
      assert.deepEqual(
        [...(labels as Iterable<unknown>)],
        [{ repo: REPO, issue: 9, labels: ["agent:codex", "größe"] }],
      );
      checkRuns([...(runs as Iterable<RunLike>)]);
      assert.equal([...(events as Iterable<unknown>)].length, 38);
      const told = [...(effects as Iterable<EffectLike>)];
      assert.deepEqual(
        told.map(({ key, state, tries, settledAt }) => [key, state, tries, settledAt !== null]),
        [
          ["given up", "given_up", 1, true],
          ["status:completed", "confirmed", 1, true],
          ["held", "waiting", 1, false],
          ["waiting", "waiting", 0, false],
        ],
      );
      const kept = [...(pools as Iterable<PoolLike>)];
      assert.deepEqual(
        kept.map(({ pool, failures, pausedUntil }) => [pool, failures, pausedUntil]),
        [
          ["claude", version === 1 ? 2 : 0, null],
          ["codex", 0, MADE + HOUR],
        ],
      );
      assert.deepEqual([...(bookmarks as Iterable<unknown>)].length, version === 1 ? 0 : 1);
      assert.deepEqual(settings, { frozen: true });
      dump.close();
    }),
  );

  test(
    `a store of version ${version} goes on in the newest: claims, takes over, says and forgets`,
    withFile(async (file) => {
      load(file, version);
      let now = MADE + HOUR / 2;
      const store = await openSqliteStore({ file, now: () => now, newId: randomUUID });
      assert.equal(await store.receive(delivery("bad")), false);
      assert.deepEqual(await store.nextDeliveries(9), [delivery("open")]);
      assert.equal((await store.run("completed"))?.statusComment, "77");
      assert.equal((await store.run("publishing"))?.outcome?.kind, "completed");
      const taken = await store.takeOver("worker", HOUR, "own");
      assert.deepEqual(taken.map(({ run }) => run.state).toSorted(), [...LEASED_STATES].toSorted());
      const publishing = taken.find(({ run }) => run.state === "publishing");
      await store.move(publishing!.lease, "queued", {}, [comment("again", 77)]);
      await store.setFrozen(false);
      const order = [];
      for (let n = 0; n < 3; n++) order.push((await claim(store)).run.id);
      assert.deepEqual(order, ["queued", "retried", "publishing"]);
      assert.equal(await settle(store, [{ kind: "requeue", runId: "failed", answer: null }]), "done");
      await enqueue(store, { agent: "gemini", issue: 500 });
      await store.addEffects([comment("given up"), comment("held")]);
      now += HOUR;
      const due = (await store.takeEffects(FORGES, 9, HOUR)).map(({ key }) => key);
      assert.deepEqual(due.toSorted(), ["again", "held"]);
      const forgotten = await store.forget(now + 2 * HOUR, 100);
      assert.deepEqual([forgotten.deliveries, forgotten.effects], [13, 2]);
      await store.close();
    }),
  );
}

interface RunLike {
  readonly run: { readonly id: string; readonly state: string; readonly attempt: number };
  readonly lease: { readonly worker: string } | null;
}

interface EffectLike {
  readonly key: string;
  readonly state: string;
  readonly tries: number;
  readonly settledAt: number | null;
}

interface PoolLike {
  readonly pool: string;
  readonly failures: number;
  readonly pausedUntil: number | null;
}

/** Each is called as the state it is in, but for one that came back to the queue. */
function checkRuns(runs: readonly RunLike[]): void {
  assert.deepEqual(runs.map(({ run }) => run.id).toSorted(), [...RUN_STATES, "retried"].toSorted());
  for (const { run, lease } of runs) {
    const state = run.id === "retried" ? "queued" : run.id;
    const leased = LEASED_STATES.some((one) => one === state);
    assert.deepEqual([run.state, run.attempt], [state, state === "queued" ? 0 : 1]);
    assert.equal(lease?.worker ?? null, leased ? "worker" : null, run.id);
  }
}
