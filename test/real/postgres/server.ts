/**
 * A database for the tests of one file: TEST_DATABASE_URL where it is set, else a cluster of its own (`cluster.ts`),
 * which a test may also kill. Every test has a schema to itself; emptied, the next test may have it (making one takes
 * half a second), and all are dropped in the end.
 */
import { randomUUID } from "node:crypto";
import { after } from "node:test";
import { Client } from "pg";
import { openPostgresStore, type PostgresOptions } from "../../../src/store/postgres/postgres-store.ts";
import type { Store } from "../../../src/store/store.ts";
import type { Harness } from "../../store/contract/harness.ts";
import { type Cluster, startCluster } from "./cluster.ts";

let cluster: Promise<Cluster> | null = null;

/** One for all tests of the file that asks; ended after them. Rejects with what to do when there is no PostgreSQL. */
export function ownCluster(): Promise<Cluster> {
  cluster ??= startCluster();
  return cluster;
}

export async function databaseUrl(): Promise<string> {
  return process.env.TEST_DATABASE_URL ?? (await ownCluster()).url;
}

const spare: string[] = [];

after(async () => {
  const given = process.env.TEST_DATABASE_URL;
  if (given) for (const schema of spare) await dropSchema(given, schema);
  await (await cluster?.catch(() => null))?.stop();
});

export function freshSchema(): string {
  return `test_${randomUUID().replaceAll("-", "").slice(0, 16)}`;
}

/** Runs SQL beside the stores. */
export async function sql(
  url: string,
  text: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text, values)).rows;
  } finally {
    await client.end();
  }
}

export async function dropSchema(url: string, schema: string): Promise<void> {
  await sql(url, `drop schema if exists ${schema} cascade; drop schema if exists ${schema}_queue cascade`);
}

/** Takes out all that tests put in. */
async function empty(url: string, schema: string): Promise<void> {
  const kept = ["schema_version", "settings", "counters", "run_events"];
  const tables = await sql(url, "select tablename from pg_tables where schemaname = $1", [schema]);
  const others = tables.map(({ tablename }) => String(tablename)).filter((name) => !kept.includes(name));
  const deletions = ["run_events", ...others].map((table) => `delete from ${schema}.${table};`);
  await sql(
    url,
    `${deletions.join(" ")} update ${schema}.settings set value = 0; update ${schema}.counters set value = 0;
     delete from ${schema}_queue.job`,
  );
}

export interface Stores extends Harness {
  readonly url: string;
  readonly schema: string;
}

/** Stores on one empty schema. Without `clock` they go by the database's. */
export async function openStores(clocked: "clock" | "no clock" = "clock"): Promise<Stores> {
  const url = await databaseUrl();
  const schema = spare.pop() ?? freshSchema();
  const clock = { now: 1_795_000_000_000 };
  const stores: Store[] = [];
  const options: PostgresOptions = { url, schema, newId: randomUUID };
  const reopen = async () => {
    const now = clocked === "clock" ? { now: () => clock.now } : {};
    const store = await openPostgresStore({ ...options, ...now });
    stores.push(store);
    return store;
  };
  return {
    store: await reopen(),
    reopen,
    clock,
    url,
    schema,
    async dispose() {
      await Promise.all(stores.map((store) => store.close()));
      await empty(url, schema);
      spare.push(schema);
    },
  };
}
