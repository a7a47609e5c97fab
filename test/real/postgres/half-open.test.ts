/** Connections that a firewall forgot: nothing comes back over them, new ones work. A lease is not lost by that. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { addressOf } from "../../../src/store/postgres/address.ts";
import { Connection } from "../../../src/store/postgres/connection.ts";
import { Silence } from "../../../src/store/postgres/limit.ts";
import { openPostgresStore } from "../../../src/store/postgres/postgres-store.ts";
import { openSession } from "../../../src/store/postgres/session.ts";
import type { Store } from "../../../src/store/store.ts";
import { claim, enqueue, NO_CAPS } from "../../store/contract/harness.ts";
import { startProxy, type Way } from "./proxy.ts";
import { databaseUrl, dropSchema, freshSchema } from "./server.ts";

const LEASE_MS = 6_000;

interface Scene {
  readonly proxy: Way;
  readonly schema: string;
  readonly store: Store;
}

/** A test with a store behind a way that can be lost. */
function behind(use: (scene: Scene) => Promise<void>): () => Promise<void> {
  return async () => {
    const url = await databaseUrl();
    const proxy = await startProxy(url);
    const schema = freshSchema();
    const store = await openPostgresStore({ url: proxy.url, schema, newId: randomUUID });
    try {
      await use({ proxy, schema, store });
    } finally {
      await store.close();
      proxy.close();
      await dropSchema(url, schema);
    }
  };
}

const warnings: string[] = [];
process.on("warning", ({ message }) => warnings.push(message));

test(
  "what a lease depends on is asked again over a new connection, well before the lease ends",
  behind(async ({ proxy, store }) => {
    await enqueue(store);
    const next = await enqueue(store);
    const { lease, run } = await claim(store);
    // As many connections as there can be, so that none of those left idle serves either.
    await Promise.all(Array.from({ length: 10 }, () => store.fleet!.living()));
    proxy.forget();
    const begun = performance.now();
    const [, claimed] = await Promise.all([
      store.heartbeat(lease, LEASE_MS),
      store.claim("worker", NO_CAPS, LEASE_MS),
      store.takeOver("worker", LEASE_MS, { lostMs: 15_000 }),
      store.fleet!.present("worker", LEASE_MS),
    ]);
    assert.ok(performance.now() - begun < LEASE_MS);
    assert.equal(claimed?.run.id, next);
    assert.equal((await store.move(lease, "running", {}, [])).id, run.id);
  }),
);

test(
  "a lost way does not wait for those who hold every connection and hear nothing either",
  behind(async ({ proxy, store }) => {
    await enqueue(store);
    const { lease } = await claim(store);
    await Promise.all(Array.from({ length: 10 }, () => store.fleet!.living()));
    proxy.forget();
    const others = Array.from({ length: 10 }, () => store.fleet!.living().catch(() => []));
    const begun = performance.now();
    await store.heartbeat(lease, LEASE_MS);
    assert.ok(performance.now() - begun < LEASE_MS);
    await Promise.all(others);
  }),
);

test(
  "a commit that nobody answered is not done again, unless twice is the same as once",
  behind(async ({ proxy, schema }) => {
    const none = { now: null, tell: () => "", committed: () => {} };
    const db = new Connection({ address: addressOf(proxy.url, schema), ...none });
    for (const [repeatable, times] of [
      [false, 1],
      [true, 2],
    ] as const) {
      let worked = 0;
      const asked = db.transaction(
        async (transaction) => {
          worked++;
          await transaction.run("insert into bookmarks values ($1, '1')", `${times} ${worked}`);
          if (worked === 1) proxy.forget();
        },
        undefined,
        { answerMs: 1_000, repeatable },
      );
      if (repeatable) await asked;
      else await assert.rejects(asked, Silence);
      assert.equal(worked, times);
    }
    await db.close();
  }),
);

test(
  "a session that hears nothing ends, without a second statement beside the first",
  behind(async ({ proxy, schema }) => {
    const session = await openSession(addressOf(proxy.url, schema));
    session.watch();
    proxy.forget();
    if (!session.gone.aborted) await new Promise((end) => session.gone.addEventListener("abort", end));
    assert.deepEqual(warnings, []);
  }),
);

test("the server ends what is on its way to a client that is gone", async () => {
  const url = await databaseUrl();
  const session = await openSession(addressOf(url, "public"));
  const [row] = await session.query("select current_setting('tcp_user_timeout') as ms");
  session.end();
  assert.equal(row?.ms, "25000");
});
