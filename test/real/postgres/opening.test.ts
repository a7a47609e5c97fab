/** What an opening refuses, in words a person can act on, and what it makes good. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { inspect } from "node:util";
import { Refusal } from "../../../src/model/errors.ts";
import { addressOf } from "../../../src/store/postgres/address.ts";
import { openPostgresStore } from "../../../src/store/postgres/postgres-store.ts";
import { openSession } from "../../../src/store/postgres/session.ts";
import { claim, claimAll, delivery, enqueue, NO_CAPS, on } from "../../store/contract/harness.ts";
import { databaseUrl, dropSchema, freshSchema, openStores, type Stores, sql } from "./server.ts";

async function refusal(url: string, schema = freshSchema()): Promise<Refusal> {
  const error = await openPostgresStore({ url, schema, newId: randomUUID }).then(
    () => assert.fail("it was opened"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Refusal, String(error));
  assert.ok(error.fix);
  return error;
}

test("a server that cannot be reached is named by host, port and database, and the password is not", async () => {
  const error = await refusal("postgresql://bot:hunter2hunter2@127.0.0.1:1/dispatch");
  assert.match(error.message, /127\.0\.0\.1:1\/dispatch/);
  assert.match(error.message, /ECONNREFUSED/);
  assert.match(error.fix ?? "", /DATABASE_URL/);
  assert.doesNotMatch(inspect(error, { depth: 9 }), /hunter2/);
});

test("what is no address of PostgreSQL is refused without being repeated", async () => {
  for (const url of ["mysql://bot:hunter2@db/x", "hunter2", "postgres://bot:hunter2%@db:port/x"]) {
    assert.doesNotMatch(inspect(await refusal(url), { depth: 9 }), /hunter2/);
  }
});

test("a database that is not there is refused with what to do", async () => {
  const url = new URL(await databaseUrl());
  url.pathname = "/no_such_database";
  const error = await refusal(url.href);
  assert.match(error.message, /no_such_database/);
  assert.match(error.fix ?? "", /[Cc]reate the database/);
});

test("a newer schema is refused with both versions and what to do", async () => {
  const url = await databaseUrl();
  const schema = freshSchema();
  await (await openPostgresStore({ url, schema, newId: randomUUID })).close();
  await sql(url, `update ${schema}.schema_version set version = 99`);
  const error = await refusal(url, schema);
  assert.match(error.message, /version 99, this program knows up to \d+/);
  assert.match(error.fix ?? "", /newer agent-dispatch/);
  await dropSchema(url, schema);
});

test("another program's schema is refused and stays as it is", async () => {
  const url = await databaseUrl();
  const schema = freshSchema();
  await sql(url, `create schema ${schema}; create table ${schema}.songs (title text)`);
  assert.match((await refusal(url, schema)).message, /another program/);
  const tables = await sql(url, "select 1 from pg_tables where schemaname = $1", [schema]);
  assert.equal(tables.length, 1);
  await dropSchema(url, schema);
});

test("a database that cannot hold every letter is refused", async () => {
  const url = new URL(await databaseUrl());
  const name = freshSchema();
  await sql(
    url.href,
    `create database ${name} encoding 'LATIN1' template template0 lc_collate 'C' lc_ctype 'C'`,
  );
  const latin = new URL(url);
  latin.pathname = `/${name}`;
  const error = await refusal(latin.href);
  assert.match(error.message, /LATIN1/);
  await sql(url.href, `drop database ${name}`);
});

const real = () => openStores("no clock");

test(
  "queued runs without a job, as after a restore, are claimed in their order after the next opening",
  on(real, async (harness) => {
    const { store, reopen, url, schema } = harness as Stores;
    const first = await enqueue(store);
    const urgent = await enqueue(store, { priority: 3 });
    const last = await enqueue(store);
    await sql(url, `delete from ${schema}_queue.job`);
    assert.equal(await store.claim("worker", NO_CAPS, 1_000), null);
    const again = await reopen();
    await reopen();
    assert.deepEqual(await claimAll(again, NO_CAPS), [urgent, first, last]);
  }),
);

test(
  "jobs without a queued run are dropped, at the opening or when they are met",
  on(real, async (harness) => {
    const { store, reopen, url, schema } = harness as Stores;
    const gone = await enqueue(store);
    const stays = await enqueue(store);
    await sql(url, `update ${schema}.runs set state = 'failed' where id = $1`, [gone]);
    const jobs = async () => (await sql(url, `select 1 from ${schema}_queue.job`)).length;
    assert.equal(await jobs(), 2);
    assert.equal((await claim(store)).run.id, stays);
    assert.equal(await jobs(), 0);
    const other = await enqueue(store);
    await sql(url, `update ${schema}.runs set state = 'failed' where id = $1`, [other]);
    await reopen();
    assert.equal(await jobs(), 0);
  }),
);

test(
  "a cancelled run leaves no job behind, and a claimed one neither",
  on(real, async (harness) => {
    const { store, url, schema } = harness as Stores;
    const cancelled = await enqueue(store);
    await enqueue(store);
    await store.receive(delivery("c"));
    const by = { id: 7, login: "ann" };
    const changes = [{ kind: "cancel", runId: cancelled, by }] as const;
    await store.settle({ delivery: delivery("c"), keys: ["c"], changes, effects: [] });
    await claim(store);
    assert.deepEqual(await sql(url, `select 1 from ${schema}_queue.job`), []);
  }),
);

test("an acknowledged commit is on disk whatever the settings say, and our sessions carry our name", async () => {
  const url = new URL(await databaseUrl());
  url.searchParams.set("options", "-c synchronous_commit=off -c work_mem=8MB");
  const session = await openSession(addressOf(url.href, "public"));
  const [row] = await session.query(
    `select current_setting('synchronous_commit') as commit, current_setting('work_mem') as memory,
       current_setting('application_name') as name`,
  );
  session.end();
  assert.deepEqual(row, { commit: "on", memory: "8MB", name: "agent-dispatch" });
});
