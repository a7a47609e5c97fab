/**
 * Brings our schema to the one this program knows: all missing steps in one transaction, or none. Which version it is
 * and which rules it has stands in `schema_version`, which also marks it as ours. To be called by one process at a
 * time (`opening.ts`).
 */
import { Refusal } from "../../model/errors.ts";
import type { Address } from "./address.ts";
import { rules } from "./rules.ts";
import { MIGRATIONS, type Migration } from "./schema.ts";

/** One statement or several, with no values. */
export type Script = (sql: string) => Promise<readonly Record<string, unknown>[]>;

/**
 * Throws a Refusal for a schema of another program and for one made by a newer version of this one.
 * `steps` is there to test a single step on data.
 */
export async function migrate(
  ask: Script,
  address: Address,
  steps: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  await refuseServer(ask, address);
  const found = await versionIn(ask, address);
  const known = steps.at(-1)?.version ?? 0;
  if (found.version > known) {
    throw new Refusal(
      `opening the store in the database ${address.label}: the schema ${address.schema} is version ${found.version}, ` +
        `this program knows up to ${known}`,
      "Run the newer agent-dispatch that wrote it, or restore the copy made before the upgrade.",
    );
  }
  if (found.version === known && found.rules === rules()) return;
  const missing = steps.filter(({ version }) => version > found.version).map(({ sql }) => sql);
  await inOne(ask, [
    `create schema if not exists ${address.schema};
     create table if not exists schema_version (version integer not null, rules text not null);`,
    ...missing,
    rules(),
    `delete from schema_version; insert into schema_version values (${known}, $rules$${rules()}$rules$);`,
  ]);
}

async function refuseServer(ask: Script, { label }: Address): Promise<void> {
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
