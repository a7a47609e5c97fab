/**
 * Brings a database file to the schema this program knows: all missing steps in one transaction, or none. The file
 * is marked as ours (`application_id`), its version is `user_version`.
 */
import { Refusal } from "../../model/errors.ts";
import type { Connection } from "./connection.ts";
import { applyRules } from "./rules.ts";
import { MIGRATIONS, type Migration } from "./schema.ts";

/** "ADSP" in ASCII. */
const APPLICATION_ID = 0x41445350;

export interface MigrateOptions {
  /** False refuses a file that an older version made; a new one is made either way. */
  readonly upgrade?: boolean;
  /** There to test a single step on data. */
  readonly steps?: readonly Migration[];
}

/** Throws a Refusal for a file of another program and for one made by a newer version of this one. */
export function migrate(
  db: Connection,
  file: string,
  { upgrade = true, steps = MIGRATIONS }: MigrateOptions = {},
): void {
  db.transaction(() => {
    const version = pragma(db, "user_version");
    refuseForeign(db, file, version);
    const known = steps.at(-1)?.version ?? 0;
    if (version > known) {
      throw new Refusal(
        `opening the store ${file}: its schema is version ${version}, this program knows up to ${known}`,
        "Run the newer agent-dispatch that wrote it, or restore the copy of the file made before the upgrade.",
      );
    }
    if (!upgrade && version > 0) {
      if (version < known) throw olderFile(file, version, known);
      return;
    }
    for (const step of steps) {
      if (step.version > version) db.script(step.sql);
    }
    applyRules(db);
    // Not at every start: it would write.
    if (version < known)
      db.script(`pragma user_version = ${known}; pragma application_id = ${APPLICATION_ID};`);
  });
}

function olderFile(file: string, found: number, known: number): Refusal {
  return new Refusal(
    `opening the store ${file}: its schema is version ${found}, this program needs ${known}, and only a server ` +
      "brings it up to date",
    "Use the agent-dispatch of the server that runs, or start a server of this version first.",
  );
}

function refuseForeign(db: Connection, file: string, version: number): void {
  const owner = pragma(db, "application_id");
  if (owner === APPLICATION_ID) return;
  const tables = db.get<{ n: number }>("select count(*) as n from sqlite_schema")?.n ?? 0;
  if (owner === 0 && version === 0 && tables === 0) return;
  throw new Refusal(
    `opening the store ${file}: it is a database of another program`,
    "Move the file away or choose another data folder.",
  );
}

function pragma(db: Connection, name: "user_version" | "application_id"): number {
  return db.get<Record<string, number>>(`pragma ${name}`)?.[name] ?? 0;
}
