import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { Client } from "pg";
import { Refusal } from "../../../src/model/errors.ts";
import { addressOf, lockKey } from "../../../src/store/postgres/address.ts";
import { DatabaseFault, refusalToOpen } from "../../../src/store/postgres/fault.ts";

const URL = "postgresql://bot:hunter2%40x@db.internal:6000/dispatch?sslmode=disable";

test("an address is shown as host, port and database, and given to the driver whole", () => {
  const address = addressOf(URL, "agent_dispatch");
  assert.equal(address.label, "db.internal:6000/dispatch");
  const { user, password, database } = new Client(address.config);
  assert.deepEqual([user, password, database], ["bot", "hunter2@x", "dispatch"]);
});

test("settings given with the address are kept beside ours, and ours come last", () => {
  const url = "postgres://h/d?options=-c%20work_mem%3D8MB%20-c%20synchronous_commit%3Doff";
  const { connectionString } = addressOf(url, "s").config;
  const options = new globalThis.URL(connectionString!).searchParams.getAll("options").at(-1) ?? "";
  assert.ok(options.startsWith("-c work_mem=8MB -c synchronous_commit=off -c search_path=s"));
  assert.ok(options.lastIndexOf("synchronous_commit=on") > options.indexOf("synchronous_commit=off"));
});

test("what is no address is refused without showing it", () => {
  for (const url of ["hunter2", "mysql://a:hunter2@b/c", "postgres://bot:hunter2@h:port/d"]) {
    const thrown = () => addressOf(url, "s");
    assert.throws(thrown, (error) => error instanceof Refusal && !inspect(error).includes("hunter2"));
  }
});

test("a schema's name is plain, since it stands in SQL", () => {
  for (const schema of ["a b", "a;drop", "Ä", "", `a${"b".repeat(60)}`]) {
    assert.throws(() => addressOf(URL, schema), /no plain name/);
  }
});

test("locks of different schemas and names are different, and the same everywhere", () => {
  const keys = [lockKey("a", "queue"), lockKey("a", "outbox"), lockKey("b", "queue")];
  assert.equal(new Set(keys).size, 3);
  assert.equal(lockKey("a", "queue"), keys[0]);
  for (const key of keys) assert.equal(BigInt.asIntN(64, BigInt(key)), BigInt(key));
});

test("a host with several addresses that all refuse is said in words, with what to do", () => {
  const refused = (address: string) => new Error(`connect ECONNREFUSED ${address}`);
  const error = new AggregateError([refused("::1:5432"), refused("127.0.0.1:5432")]);
  const address = addressOf(URL, "s");
  const { message, fix } = refusalToOpen(address, new DatabaseFault(address, error));
  assert.match(message, /db\.internal:6000\/dispatch: connect ECONNREFUSED ::1:5432, connect/);
  assert.match(fix ?? "", /Start PostgreSQL/);
});
