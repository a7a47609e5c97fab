/**
 * One connection to the database file: settings for durability, prepared statements, transactions. Knows no tables.
 * `synchronous=FULL` makes every commit wait for the disk; that is what "durable when it resolves" rests on.
 * Whatever the disk or the file does not let it do is thrown as FileTrouble; once the file is found damaged, nothing
 * is read from it or written to it any more.
 */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { FileTrouble, inUse, refusalOf } from "./trouble.ts";

/** How long a write waits for another process's transaction, in milliseconds. Ours last a few. */
const BUSY_MS = 10_000;

export class Connection {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #damage: FileTrouble | null = null;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** The first row, undefined when there is none. `Row` is the caller's word for what the statement selects. */
  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#guarded(() => this.#prepared(sql).get(...values) as Row | undefined);
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#guarded(() => this.#prepared(sql).all(...values) as Row[]);
  }

  /** Row by row, for tables of any length. To be read to its end. */
  *each<Row>(sql: string, ...values: SQLInputValue[]): Generator<Row> {
    const rows = this.#guarded(() => this.#db.prepare(sql).iterate(...values)) as Iterator<Row>;
    for (;;) {
      const next = this.#guarded(() => rows.next());
      if (next.done) return;
      yield next.value;
    }
  }

  /** Runs a write and returns how many rows it changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return this.#guarded(() => Number(this.#prepared(sql).run(...values).changes));
  }

  /** Several statements at once, not kept: for the schema. */
  script(sql: string): void {
    this.#guarded(() => this.#db.exec(sql));
  }

  /** All of `work` or nothing. Takes the write lock first, so what `work` reads cannot change under it. */
  transaction<T>(work: () => T): T {
    this.script("begin immediate");
    try {
      const result = work();
      this.script("commit");
      return result;
    } catch (error) {
      // Some troubles have rolled it back already; after others nothing else may be asked of the file.
      if (this.#db.isTransaction) this.#db.exec("rollback");
      throw error;
    }
  }

  /** Closing twice is the same as once. */
  close(): void {
    this.#statements.clear();
    if (this.#db.isOpen) this.#db.close();
  }

  #guarded<T>(work: () => T): T {
    if (this.#damage) throw this.#damage;
    try {
      return work();
    } catch (error) {
      const told = inUse(error);
      if (told instanceof FileTrouble && told.damaged) this.#damage = told;
      throw told;
    }
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
    // A damaged page is known when it is read, not when what it says is followed.
    db.exec("pragma cell_size_check = on");
    // SQLite opens a file it may not write to all the same, and says so only at the first write.
    db.exec("begin immediate; pragma user_version = 0; rollback");
    return new Connection(db);
  } catch (error) {
    if (db?.isOpen) db.close();
    throw refusalOf(file, error);
  }
}
