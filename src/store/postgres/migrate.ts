/**
 * Brings our schema to the one this program knows: all missing steps in one transaction, or none. Which version it is
 * and which rules it has stands in `schema_version`, which also marks it as ours. To be called by one process at a
 * time (`opening.ts`).
 */
import { Refusal } from "../../model/errors.ts";
import type { Address } from "./address.ts";
import { RULES_NUMBER, rules, rulesNumber } from "./rules.ts";
import { MIGRATIONS, type Migration } from "./schema.ts";
import type { Look } from "./session.ts";

/** The first that ends a session whose client hangs (`leader.ts`). */
const OLDEST = 140_000;

/** One statement or several, with no values. */
export type Script = (sql: string) => Promise<readonly Record<string, unknown>[]>;

export interface MigrateOptions {
  /** False refuses a schema that an older version made; one is made where there is none either way. */
  readonly upgrade?: boolean;
  /** There to test a single step on data. */
  readonly steps?: readonly Migration[];
}

/**
 * Throws a Refusal for a schema of another program and for one made by a newer version of this one. Tells whether it
 * was free to bring things up to date.
 */
export async function migrate(
  ask: Script,
  address: Address,
  { upgrade = true, steps = MIGRATIONS }: MigrateOptions = {},
): Promise<boolean> {
  await refuseServer(ask, address);
  const found = await versionIn(ask, address);
  const known = steps.at(-1)?.version ?? 0;
  if (found.version > known) throw newerSchema(address, found.version, known);
  if (!upgrade && found.version > 0) {
    if (found.version < known) throw olderSchema(address, found.version, known);
    return false;
  }
  if (found.version === known && rulesNumber(found.rules) >= RULES_NUMBER) return true;
  const missing = steps.filter(({ version }) => version > found.version).map(({ sql }) => sql);
  await inOne(ask, [
    `create schema if not exists ${address.schema};
     create table if not exists schema_version (version integer not null, rules text not null);`,
    ...missing,
    rules(),
    `delete from schema_version; insert into schema_version values (${known}, $rules$${rules()}$rules$);`,
  ]);
  return true;
}

/** Asked now and then: another process may bring the schema to a version that this program does not know. */
export function lookForUpgrade(address: Address, found: (refusal: Refusal) => void): Look {
  const known = MIGRATIONS.length;
  let told = false;
  return {
    sql: "select version from schema_version",
    answered([row]) {
      const version = Number(row?.version ?? 0);
      if (version <= known || told) return;
      told = true;
      found(newerSchema(address, version, known));
    },
  };
}

function newerSchema(address: Address, found: number, known: number): Refusal {
  return new Refusal(
    `opening the store in the database ${address.label}: the schema ${address.schema} is version ${found}, ` +
      `this program knows up to ${known}`,
    "Run the newer agent-dispatch that wrote it, or restore the copy made before the upgrade.",
  );
}

function olderSchema(address: Address, found: number, known: number): Refusal {
  return new Refusal(
    `opening the store in the database ${address.label}: the schema ${address.schema} is version ${found}, ` +
      `this program needs ${known}, and only a server brings it up to date`,
    "Use the agent-dispatch of the servers that run, or start a server of this version first.",
  );
}

async function refuseServer(ask: Script, { label }: Address): Promise<void> {
  const [server] = await ask("select current_setting('server_version_num')::int as number");
  if (Number(server?.number) < OLDEST) {
    throw new Refusal(
      `opening the store in the database ${label}: the server is older than PostgreSQL 14`,
      "Use a PostgreSQL 14 or newer.",
    );
  }
  const [encoding] = await ask("show server_encoding");
  if (encoding?.server_encoding === "UTF8") return;
  throw new Refusal(
    `opening the store in the database ${label}: it keeps text as ${encoding?.server_encoding}, which lacks most letters`,
    "Create a database with the encoding UTF8 (create database … encoding 'UTF8' template template0).",
  );
}

async function versionIn(ask: Script, address: Address): Promise<{ version: number; rules: string }> {
  const [marked] = await ask(`select to_regclass('${address.schema}.schema_version') is not null as ours`);
  if (marked?.ours) {
    const [row] = await ask(`select version, rules from ${address.schema}.schema_version`);
    return { version: Number(row?.version ?? 0), rules: String(row?.rules ?? "") };
  }
  const [others] = await ask(
    `select count(*)::int as n from pg_class where relnamespace = to_regnamespace('${address.schema}')`,
  );
  if (others?.n === 0) return { version: 0, rules: "" };
  throw new Refusal(
    `opening the store in the database ${address.label}: the schema ${address.schema} belongs to another program`,
    "Choose another database, or rename that schema.",
  );
}

async function inOne(ask: Script, scripts: readonly string[]): Promise<void> {
  await ask("begin");
  try {
    for (const script of scripts) await ask(script);
    await ask("commit");
  } catch (error) {
    await ask("rollback");
    throw error;
  }
}
