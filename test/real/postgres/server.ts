/**
 * A database for the tests of one file: TEST_DATABASE_URL where it is set, else a cluster of its own (`cluster.ts`),
 * which a test may also kill. Every store has a schema of its own there, dropped after.
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

after(async () => await (await cluster?.catch(() => null))?.stop());

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

export interface Stores extends Harness {
  readonly url: string;
  readonly schema: string;
}

/** Stores on one empty schema. Without `clock` they go by the database's. */
export async function openStores(clocked: "clock" | "no clock" = "clock"): Promise<Stores> {
  const url = await databaseUrl();
  const schema = freshSchema();
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
      await dropSchema(url, schema);
    },
  };
}
