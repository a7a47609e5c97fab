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
  /** Only a server brings a store up to date that an older version made: others may still be at work on it. */
  readonly upgrade?: boolean;
}

/** Rejects with a Refusal that names the fix when the database cannot be used. */
export async function openStore(
  config: Config,
  { now, log, upgrade = false }: OpenStoreOptions,
): Promise<Store> {
  if (config.databaseUrl === null)
    return await openSqliteStore({ file: sqliteFile(config), now, newId: randomUUID, upgrade });
  // Loaded only where it is used: an idle server on one machine should be small.
  const { openPostgresStore } = await import("../store/postgres/postgres-store.ts");
  return await openPostgresStore({ url: config.databaseUrl, newId: randomUUID, log, upgrade });
}

/**
 * Waits for a PostgreSQL that is not up yet, up to five minutes. False when `signal` aborted; rejects with a Refusal
 * when it did not come.
 */
export async function storeIsUp(
  { databaseUrl: url }: Config,
  { log, signal }: { readonly log: Pick<Logger, "warn">; readonly signal: AbortSignal },
): Promise<boolean> {
  if (url === null) return true;
  const { awaitServer } = await import("../store/postgres/arrival.ts");
  return await awaitServer({ url, signal, warn: (why) => log.warn(why) });
}
