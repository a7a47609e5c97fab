/** A database with the store's schema, in a folder of its own, for tests of what only SQLite has. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Connection, connect } from "../../../src/store/sqlite/connection.ts";
import { migrate } from "../../../src/store/sqlite/migrate.ts";

/** A test with a file's path in an empty folder. */
export function withFile(use: (file: string) => Promise<void> | void): () => Promise<void> {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), "store-"));
    try {
      await use(join(folder, "store.db"));
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
}

export function withDatabase(use: (db: Connection, file: string) => void): () => Promise<void> {
  return withFile((file) => {
    const db = connect(file);
    try {
      migrate(db, file);
      use(db, file);
    } finally {
      db.close();
    }
  });
}

/** A process that does what `child.ts` is told. */
export function startChild(...args: string[]): ChildProcess {
  const program = fileURLToPath(new URL("child.ts", import.meta.url));
  return spawn(process.execPath, [program, ...args], { stdio: ["pipe", "pipe", "inherit"] });
}
