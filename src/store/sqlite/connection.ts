/**
 * One connection to the database file: settings for durability, prepared statements, transactions. Knows no tables.
 * `synchronous=FULL` makes every commit wait for the disk; that is what "durable when it resolves" rests on.
 */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { messageOf, Refusal } from "../../model/errors.ts";

/** How long a write waits for another process's transaction, in milliseconds. Ours last a few. */
const BUSY_MS = 10_000;

export class Connection {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** The first row, undefined when there is none. `Row` is the caller's word for what the statement selects. */
  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepared(sql).get(...values) as Row | undefined;
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepared(sql).all(...values) as Row[];
  }

  /** Runs a write and returns how many rows it changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#prepared(sql).run(...values).changes);
  }

  /** Several statements at once, not kept: for the schema. */
  script(sql: string): void {
    this.#db.exec(sql);
  }

  /** All of `work` or nothing. Takes the write lock first, so what `work` reads cannot change under it. */
  transaction<T>(work: () => T): T {
    this.#db.exec("begin immediate");
    try {
      const result = work();
      this.#db.exec("commit");
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("rollback");
      throw error;
    }
  }

  /** Closing twice is the same as once. */
  close(): void {
    this.#statements.clear();
    if (this.#db.isOpen) this.#db.close();
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** Opens the file, making it and its folder when missing. Throws a Refusal when it cannot be used as a database. */
export function connect(file: string): Connection {
  let db: DatabaseSync | null = null;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    db = new DatabaseSync(file, { timeout: BUSY_MS, enableForeignKeyConstraints: true });
    // The fallback of `checkpointer.ts`: the journal may grow to 128 MB before a commit has to copy it.
    db.exec("pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 32000;");
    return new Connection(db);
  } catch (error) {
    if (db?.isOpen) db.close();
    throw unusable(file, error);
  }
}

const NOT_A_DATABASE = 26;

function unusable(file: string, error: unknown): Refusal {
  const code = error instanceof Error && "errcode" in error ? error.errcode : null;
  const why = code === NOT_A_DATABASE ? "the file is not an SQLite database" : messageOf(error);
  const fix =
    code === NOT_A_DATABASE
      ? "Move the file away or choose another data folder."
      : "Choose a data folder that this user may write to, on a local disk with space left.";
  return new Refusal(`opening the store ${file}: ${why}`, fix, { cause: error });
}
