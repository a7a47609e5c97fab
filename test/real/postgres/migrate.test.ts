/** Steps of the schema, on data. `fixtures/` holds a database of each released version, as `pg_dump` wrote it. */
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { addressOf } from "../../../src/store/postgres/address.ts";
import { migrate } from "../../../src/store/postgres/migrate.ts";
import { openPostgresStore } from "../../../src/store/postgres/postgres-store.ts";
import { RULES_NUMBER, rules } from "../../../src/store/postgres/rules.ts";
import { MIGRATIONS } from "../../../src/store/postgres/schema.ts";
import { openSession } from "../../../src/store/postgres/session.ts";
import { claimAll, delivery, FORGES, NO_CAPS, on, REPO } from "../../store/contract/harness.ts";
import { databaseUrl, dropSchema, freshSchema, openStores, type Stores, sql } from "./server.ts";

const NEXT = MIGRATIONS.length + 1;
const plain = () => openStores();

test("the steps are numbered without gaps", () => {
  assert.deepEqual(
    MIGRATIONS.map(({ version }) => version),
    MIGRATIONS.map((_, at) => at + 1),
  );
});

for (const { version } of MIGRATIONS) {
  test(`a database of version ${version} is opened with all it held, and goes on from there`, async () => {
    const file = new URL(`fixtures/v${version}.sql`, import.meta.url);
    assert.ok(existsSync(file), "write it with fixtures/make.ts before the version is released");
    const url = await databaseUrl();
    const schema = freshSchema();
    await sql(url, readFileSync(file, "utf8").replaceAll("released", schema));
    const store = await openPostgresStore({ url, schema, newId: randomUUID, now: () => 1_800_000_000_000 });
    assert.deepEqual(await store.nextDeliveries(9), [{ ...delivery("open"), body: 'Größe \u{1F680} \0 "' }]);
    assert.deepEqual(await store.known("github", ["open", "settled"]), new Set(["open", "settled"]));
    const states = (await store.runs({})).map(({ state }) => state);
    assert.deepEqual(states, ["queued", "queued", "blocked", "failed", "running", "completed"]);
    assert.deepEqual(await store.labels(REPO, 1), ["bug"]);
    assert.equal(await store.bookmark("scan"), "page 3");
    assert.equal((await store.takeEffects(FORGES, 9, 1)).length, 1);
    assert.equal(await store.fleet?.readLog("r1", 1, 0), "a log\0");
    const queued = await store.runs({ states: ["queued"], order: "next" });
    assert.deepEqual(
      await claimAll(store, NO_CAPS),
      queued.map(({ id }) => id),
    );
    await store.close();
    await dropSchema(url, schema);
  });
}

/** A session on the schema of an open store. */
async function session({ url, schema }: Stores) {
  const address = addressOf(url, schema);
  return { address, ...(await openSession(address)) };
}

/** Everything but what a step under test adds. */
async function putBack({ url, schema }: Stores, undo: string): Promise<void> {
  await sql(
    url,
    `set search_path = ${schema}; ${undo}; update schema_version set version = ${MIGRATIONS.length}`,
  );
}

test(
  "a new step changes the tables and keeps their data, once",
  on(plain, async (harness) => {
    const stores = harness as Stores;
    const { query, address, end } = await session(stores);
    await stores.store.setBookmark("a", "1");
    const step = { version: NEXT, sql: "alter table bookmarks add column note text not null default 'none'" };
    await migrate(query, address, { steps: [...MIGRATIONS, step] });
    await migrate(query, address, { steps: [...MIGRATIONS, step] });
    assert.deepEqual(await query("select * from bookmarks"), [{ name: "a", value: "1", note: "none" }]);
    assert.equal((await query("select version from schema_version"))[0]?.version, NEXT);
    end();
    await putBack(stores, "alter table bookmarks drop column note");
  }),
);

test(
  "a step that breaks leaves everything as it was, earlier new steps too",
  on(plain, async (harness) => {
    const { query, address, end } = await session(harness as Stores);
    const steps = [
      ...MIGRATIONS,
      { version: NEXT, sql: "create table fresh (x int)" },
      { version: NEXT + 1, sql: "create table broken (" },
    ];
    await assert.rejects(migrate(query, address, { steps }), /syntax error/);
    assert.deepEqual(await query("select to_regclass('fresh') as found"), [{ found: null }]);
    assert.equal((await query("select version from schema_version"))[0]?.version, MIGRATIONS.length);
    end();
  }),
);

test(
  "rules that the model changed since are brought up to date at the next opening",
  on(plain, async (harness) => {
    const { query, address, end } = await session(harness as Stores);
    const rule =
      "select pg_get_triggerdef(oid) as text from pg_trigger where tgname = 'runs_arrows' and tgrelid = 'runs'::regclass";
    const right = await query(rule);
    await query(
      "drop trigger runs_arrows on runs; drop index runs_one_active; update schema_version set rules = 'old'",
    );
    await migrate(query, address);
    assert.deepEqual(await query(rule), right);
    assert.notDeepEqual(await query("select to_regclass('runs_one_active') as found"), [{ found: null }]);
    end();
  }),
);

test("rules that changed have a number that nobody had before", () => {
  const digest = createHash("sha256").update(rules()).digest("hex").slice(0, 16);
  assert.deepEqual(
    [RULES_NUMBER, digest],
    [1, "2c6c48f9c9ab621a"],
    "count RULES_NUMBER on, and write both here",
  );
});
