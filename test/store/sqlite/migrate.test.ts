import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { Refusal } from "../../../src/model/errors.ts";
import { migrate } from "../../../src/store/sqlite/migrate.ts";
import { RULES_NUMBER, rulesText } from "../../../src/store/sqlite/rules.ts";
import { MIGRATIONS } from "../../../src/store/sqlite/schema.ts";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import { delivery } from "../contract/harness.ts";
import { withDatabase, withFile } from "./database.ts";

const open = (file: string) => openSqliteStore({ file, now: () => 0, newId: randomUUID });

async function refusal(file: string): Promise<Refusal> {
  const error = await open(file).then(
    () => assert.fail("the file was accepted"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Refusal, String(error));
  assert.ok(error.message.includes(file));
  assert.ok(error.fix);
  return error;
}

test("the steps are numbered without gaps", () => {
  assert.deepEqual(
    MIGRATIONS.map(({ version }) => version),
    MIGRATIONS.map((_, at) => at + 1),
  );
});

test(
  "a store made before is opened with all it held, in a folder made for it",
  withFile(async (file) => {
    const nested = file.replace("store.db", "a/b/store.db");
    const store = await open(nested);
    await store.receive(delivery("1"));
    await store.close();
    const again = await open(nested);
    assert.deepEqual(await again.nextDeliveries(10), [delivery("1")]);
    await again.close();
  }),
);

const NEXT = MIGRATIONS.length + 1;

test(
  "a new step changes the tables and keeps their data",
  withDatabase((db, file) => {
    db.run("insert into pools (pool, failures) values ('codex', 2)");
    const step = { version: NEXT, sql: "alter table pools add column note text not null default 'none'" };
    migrate(db, file, { steps: [...MIGRATIONS, step] });
    migrate(db, file, { steps: [...MIGRATIONS, step] });
    assert.deepEqual(
      { ...db.get<object>("select * from pools") },
      { pool: "codex", failures: 2, paused_until: null, since: null, note: "none" },
    );
    assert.equal(db.get<{ user_version: number }>("pragma user_version")?.user_version, NEXT);
  }),
);

test(
  "a step that breaks leaves the file as it was, earlier new steps too",
  withDatabase((db, file) => {
    const steps = [
      ...MIGRATIONS,
      { version: NEXT, sql: "create table fresh (x)" },
      { version: NEXT + 1, sql: "create table broken (" },
    ];
    assert.throws(() => migrate(db, file, { steps }), /incomplete input/);
    assert.equal(db.get("select 1 from sqlite_schema where name = 'fresh'"), undefined);
    assert.equal(db.get<{ user_version: number }>("pragma user_version")?.user_version, MIGRATIONS.length);
  }),
);

test(
  "rules that the model changed since are brought up to date at the next open",
  withDatabase((db, file) => {
    const arrows = "select sql from sqlite_schema where name = 'runs_arrows'";
    const right = db.get<{ sql: string }>(arrows);
    db.script(
      "drop trigger runs_arrows; create trigger runs_arrows after delete on runs begin select 1; end",
    );
    db.script("update settings set value = 0 where name = 'rules'");
    migrate(db, file, { upgrade: false });
    assert.notDeepEqual(db.get(arrows), right);
    migrate(db, file);
    assert.deepEqual(db.get(arrows), right);
  }),
);

test(
  "an older program leaves the rules of a newer one as they are",
  withDatabase((db, file) => {
    db.script("drop index runs_one_active; update settings set value = 99 where name = 'rules'");
    migrate(db, file);
    assert.equal(db.get("select 1 from sqlite_schema where name = 'runs_one_active'"), undefined);
  }),
);

test("rules that changed have a number that nobody had before", () => {
  const digest = createHash("sha256").update(rulesText()).digest("hex").slice(0, 16);
  assert.deepEqual(
    [RULES_NUMBER, digest],
    [1, "da9beaff9d2ea99b"],
    "count RULES_NUMBER on, and write both here",
  );
});

test(
  "an older schema is brought up to date by a server alone; others refuse it, and make a new file all the same",
  withFile(async (file) => {
    const asked = (upgrade: boolean) => openSqliteStore({ file, now: () => 0, newId: randomUUID, upgrade });
    await (await asked(false)).close();
    await (await asked(false)).close();
    const db = new DatabaseSync(file);
    db.exec(`pragma user_version = ${MIGRATIONS.length - 1}`);
    db.close();
    await assert.rejects(asked(false), (error) => {
      assert.ok(error instanceof Refusal);
      assert.match(error.message, /only a server brings it up to date/);
      return true;
    });
  }),
);

test(
  "a newer schema is refused with both versions and what to do, and the file is not touched",
  withFile(async (file) => {
    await (await open(file)).close();
    const db = new DatabaseSync(file);
    db.exec("pragma user_version = 99");
    db.close();
    const { message, fix } = await refusal(file);
    assert.match(message, new RegExp(`version 99, this program knows up to ${MIGRATIONS.length}`));
    assert.match(fix ?? "", /newer agent-dispatch/);
  }),
);

test(
  "a file that is no database is refused and stays as it is",
  withFile(async (file) => {
    const text = "forges:\n  github:\n".repeat(100);
    writeFileSync(file, text);
    assert.match((await refusal(file)).message, /not an SQLite database/);
    assert.equal(readFileSync(file, "utf8"), text);
  }),
);

test(
  "another program's database is refused and stays as it is",
  withFile(async (file) => {
    const db = new DatabaseSync(file);
    db.exec("create table songs (title); pragma user_version = 7");
    db.close();
    assert.match((await refusal(file)).message, /another program/);
    const after = new DatabaseSync(file);
    assert.equal(after.prepare("select count(*) as n from sqlite_schema").get()?.n, 1);
    after.close();
  }),
);

test(
  "a folder in the file's place, or a file in its folder's, is refused",
  withFile(async (file) => {
    await refusal(file.replace("/store.db", ""));
    writeFileSync(file, "");
    await refusal(`${file}/store.db`);
  }),
);
