/** Which store this configuration asks for: PostgreSQL where DATABASE_URL is set, else the SQLite file of its folder. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Logger } from "pino";
import type { Config } from "../config/config.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import type { Store } from "../store/store.ts";

export const sqliteFile = ({ dataDir }: Pick<Config, "dataDir">) => join(dataDir, "dispatch.sqlite");

export interface OpenStoreOptions {
  readonly now: () => number;
  readonly log: Pick<Logger, "warn">;
}

/** Rejects with a Refusal that names the fix when the database cannot be used. */
export async function openStore(config: Config, { now, log }: OpenStoreOptions): Promise<Store> {
  if (config.databaseUrl === null)
    return await openSqliteStore({ file: sqliteFile(config), now, newId: randomUUID });
  // Loaded only where it is used: an idle server on one machine should be small.
  const { openPostgresStore } = await import("../store/postgres/postgres-store.ts");
  return await openPostgresStore({ url: config.databaseUrl, newId: randomUUID, log });
}
