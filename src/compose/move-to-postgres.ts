/**
 * `migrate-store`: everything of the SQLite database into an empty PostgreSQL. The copy is one transaction; only when it
 * is done is the old file renamed, so that no later start without DATABASE_URL goes on with old runs. Interrupted
 * anywhere, it can be called again.
 */
import { existsSync, renameSync, rmSync } from "node:fs";
import type { Migration } from "../cli/commands.ts";
import type { Config } from "../config/config.ts";
import { Refusal } from "../model/errors.ts";
import { holdDataFolder } from "../store/data-folder.ts";
import { exportStore } from "../store/sqlite/export.ts";
import { sqliteFile } from "./open-store.ts";

/** Rejects with a Refusal while the server runs, without DATABASE_URL, and when the target holds other runs. */
export async function moveToPostgres(config: Config, say: (line: string) => void): Promise<Migration> {
  const url = config.databaseUrl;
  if (url === null)
    throw new Refusal(
      "moving the store: DATABASE_URL is not set",
      "Set it to the address of an empty PostgreSQL database: postgresql://user:password@host:5432/name",
    );
  const file = sqliteFile(config);
  const aside = `${file}.moved`;
  if (!existsSync(file)) throw nothingToMove(file, existsSync(aside));
  const held = await holdDataFolder(config.dataDir, "move");
  try {
    const { importPostgres } = await import("../store/postgres/import.ts");
    const dump = exportStore(file);
    const counts = await importPostgres({ url, source: held.worker, dump, say }).finally(() => dump.close());
    setAside(file, aside);
    return { ...counts, aside };
  } finally {
    held.release();
  }
}

/** With its journal: it was closed, so all of it is in the file. */
function setAside(file: string, aside: string): void {
  renameSync(file, aside);
  for (const part of ["-wal", "-shm"]) rmSync(`${file}${part}`, { force: true });
}

function nothingToMove(file: string, before: boolean): Refusal {
  return before
    ? new Refusal("moving the store: it was moved before", "Start the server with DATABASE_URL set.")
    : new Refusal(`moving the store: there is no ${file}`, "Set DATA_DIR to the server's data folder.");
}
