/** Programs of several versions on one database, as while an upgrade goes from machine to machine. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { Refusal } from "../../../src/model/errors.ts";
import { addressOf } from "../../../src/store/postgres/address.ts";
import { migrate } from "../../../src/store/postgres/migrate.ts";
import { openPostgresStore } from "../../../src/store/postgres/postgres-store.ts";
import { MIGRATIONS } from "../../../src/store/postgres/schema.ts";
import { openSession } from "../../../src/store/postgres/session.ts";
import { databaseUrl, dropSchema, freshSchema, sql } from "./server.ts";

interface Scene {
  readonly url: string;
  readonly schema: string;
  open(upgrade: boolean): ReturnType<typeof openPostgresStore>;
}

function on(use: (scene: Scene) => Promise<void>): () => Promise<void> {
  return async () => {
    const url = await databaseUrl();
    const schema = freshSchema();
    const open = (upgrade: boolean) => openPostgresStore({ url, schema, newId: randomUUID, upgrade });
    await (await open(true)).close();
    try {
      await use({ url, schema, open });
    } finally {
      await dropSchema(url, schema);
    }
  };
}

test(
  "a schema of an older version is refused by whoever is no server, with what to do, and stays as it is",
  on(async ({ url, schema, open }) => {
    const address = addressOf(url, schema);
    const session = await openSession(address);
    const steps = [...MIGRATIONS, { version: MIGRATIONS.length + 1, sql: "create table newer (x int)" }];
    await assert.rejects(migrate(session.query, address, { upgrade: false, steps }), (error) => {
      assert.ok(error instanceof Refusal);
      assert.match(error.message, /only a server brings it up to date/);
      assert.match(error.fix ?? "", /start a server of this version/);
      return true;
    });
    assert.deepEqual(await session.query("select to_regclass('newer') as made"), [{ made: null }]);
    session.end();
    // The same version is read as it is, and where there is none one is made.
    await (await open(false)).close();
    await dropSchema(url, schema);
    await (await open(false)).close();
  }),
);

test(
  "an older program leaves the rules of a newer one as they are",
  on(async ({ url, schema, open }) => {
    await sql(
      url,
      `update ${schema}.schema_version set rules = '-- rules 99'; drop index ${schema}.runs_one_active`,
    );
    for (const upgrade of [false, true]) await (await open(upgrade)).close();
    const [row] = await sql(
      url,
      `select rules, to_regclass('${schema}.runs_one_active') as made from ${schema}.schema_version`,
    );
    assert.deepEqual(row, { rules: "-- rules 99", made: null });
  }),
);

test(
  "a process whose schema was brought to a newer version says so, gives up the lead and writes no more",
  on(async ({ url, schema }) => {
    const warnings: string[] = [];
    const log = { warn: (message: string) => void warnings.push(message) };
    const store = await openPostgresStore({ url, schema, newId: randomUUID, log });
    const led = await store.fleet!.lead(new AbortController().signal);
    await store.setFrozen(false);
    await sql(url, `update ${schema}.schema_version set version = 99`);
    if (!led.aborted) await new Promise((resolve) => led.addEventListener("abort", resolve));
    await assert.rejects(store.setFrozen(true), /version 99, this program knows up to/);
    await assert.rejects(store.fleet!.lead(new AbortController().signal), /version 99/);
    assert.equal(
      await store.receive({ forge: "f", id: "1", event: "e", body: "", receivedAt: 0 }).catch(() => null),
      null,
    );
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /version 99.*end it/);
    await store.close();
  }),
);
