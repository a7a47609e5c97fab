/** `backup`: a copy of the SQLite database. PostgreSQL has tools of its own for that. */
import { resolve } from "node:path";
import type { Backup } from "../cli/commands.ts";
import type { Config } from "../config/config.ts";
import { Refusal } from "../model/errors.ts";
import { backupSqlite } from "../store/sqlite/backup.ts";
import { sqliteFile } from "./open-store.ts";

/** Rejects with a Refusal when there is nothing to copy, or the target exists. */
export async function backup(config: Config, file: string, say: (line: string) => void): Promise<Backup> {
  if (config.databaseUrl !== null)
    throw new Refusal(
      "backing up: the store is PostgreSQL (DATABASE_URL is set)",
      `Use its own tool: pg_dump --format=custom --schema='agent_dispatch*' --file=dispatch.dump "$DATABASE_URL"`,
    );
  let told = 0;
  return await backupSqlite(sqliteFile(config), resolve(file), (done) => {
    const tenths = Math.floor(done * 10);
    if (tenths <= told) return;
    told = tenths;
    say(`${tenths * 10} %`);
  });
}
