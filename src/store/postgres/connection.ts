/**
 * The pool of connections and its transactions (READ COMMITTED: what a decision rests on is locked first). A
 * transaction that two processes got in each other's way with is done again; one whose connection broke is not, since
 * it may have been committed. A server that goes and comes back costs errors, never the process. Knows no tables.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Pool, type PoolClient } from "pg";
import { type Address, lockKey } from "./address.ts";
import { DatabaseFault } from "./fault.ts";
import { type Asker, ask, type Executor, Transaction, type Value } from "./transaction.ts";
import type { Waker } from "./wake-ups.ts";

const MOST_CONNECTIONS = 10;
const MOST_TRIES = 5;
const PAUSE_MS = 20;
/** How long `close` waits for statements under way. */
const CLOSE_MS = 2_000;

/** What only one process at a time does: looking through the queue or the outbox and taking from it. */
export type LockName = "queue" | "outbox";

export interface ConnectionOptions {
  readonly address: Address;
  /** Epoch milliseconds; null for the database's own clock. */
  readonly now: (() => number) | null;
  /** SQL that tells the other processes of a change at the commit. */
  readonly tell: (what: Waker) => string;
  /** Called after a commit. */
  readonly committed: (wakes: ReadonlySet<Waker>) => void;
}

export class Connection implements Asker {
  readonly #options: ConnectionOptions;
  readonly #pool: Pool;
  readonly #clients = new Set<PoolClient>();
  /** Statements of pg-boss outside transactions of ours. */
  readonly executor: Executor;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#pool = new Pool({ ...options.address.config, max: MOST_CONNECTIONS });
    // Whoever uses a connection hears of its end by the statement's error; these would end the process.
    this.#pool.on("error", () => undefined);
    this.#pool.on("connect", (client) => {
      client.on("error", () => undefined);
      this.#clients.add(client);
    });
    this.#pool.on("remove", (client) => this.#clients.delete(client));
    this.executor = { executeSql: (text, values) => this.#pool.query(text, values) };
  }

  async all<Row>(sql: string, ...values: Value[]): Promise<Row[]> {
    return (await ask<Row>(this.#pool, this.#options.address, sql, values)).rows;
  }

  async get<Row>(sql: string, ...values: Value[]): Promise<Row | undefined> {
    return (await this.all<Row>(sql, ...values))[0];
  }

  async run(sql: string, ...values: Value[]): Promise<number> {
    return (await ask(this.#pool, this.#options.address, sql, values)).changed;
  }

  /** All of `work` or nothing; `work` may be called again. With `lock`, no other process is in one with the same. */
  async transaction<T>(work: (transaction: Transaction) => Promise<T>, lock?: LockName): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#once(work, lock);
      } catch (error) {
        if (!(error instanceof DatabaseFault && error.again) || tries >= MOST_TRIES) throw error;
        await sleep(PAUSE_MS * tries);
      }
    }
  }

  async #once<T>(work: (transaction: Transaction) => Promise<T>, lock: LockName | undefined): Promise<T> {
    const { client, transaction } = await this.#begin(lock);
    try {
      const result = await work(transaction);
      await this.#commit(client, transaction.wakes);
      client.release();
      this.#options.committed(transaction.wakes);
      return result;
    } catch (error) {
      await rollBack(client, error);
      throw error;
    }
  }

  async #begin(lock: LockName | undefined): Promise<{ client: PoolClient; transaction: Transaction }> {
    const { address } = this.#options;
    try {
      return await this.#tryToBegin(lock);
    } catch (error) {
      // A connection that had been idle may be of the server's last life; nothing was asked over it yet.
      if (!(error instanceof DatabaseFault) || error.answered || error.code === "ECONNREFUSED") throw error;
      if (this.#pool.ending) throw new Error(`asking the database ${address.label}: the store is closed`);
      return await this.#tryToBegin(lock);
    }
  }

  async #tryToBegin(lock: LockName | undefined): Promise<{ client: PoolClient; transaction: Transaction }> {
    const { address, now } = this.#options;
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw new DatabaseFault(address, error);
    });
    try {
      const locking = lock ? `select pg_advisory_xact_lock(${lockKey(address.schema, lock)});` : "";
      const clock = "select floor(extract(epoch from clock_timestamp()) * 1000)::float8 as at";
      const results: unknown = await client.query(`begin; ${locking} ${clock}`);
      const at = now ? now() : timeIn(results);
      return { client, transaction: new Transaction(client, address, at) };
    } catch (error) {
      client.release(true);
      throw new DatabaseFault(address, error);
    }
  }

  async #commit(client: PoolClient, wakes: ReadonlySet<Waker>): Promise<void> {
    const { address, tell } = this.#options;
    try {
      const told = [...wakes].map((what) => `select ${tell(what)};`);
      const results: unknown = await client.query(`${told.join(" ")} commit`);
      const last = Array.isArray(results) ? results.at(-1) : results;
      if (last.command !== "COMMIT") throw new Error("the transaction was rolled back");
    } catch (error) {
      throw new DatabaseFault(address, error);
    }
  }

  /** Ends every connection, soon even when the server does not answer. Twice is the same as once. */
  async close(): Promise<void> {
    if (this.#pool.ending) return;
    const ended = this.#pool.end().catch(() => undefined);
    const timeout = new AbortController();
    const patience = sleep(CLOSE_MS, undefined, { signal: timeout.signal }).catch(() => undefined);
    await Promise.race([ended, patience]);
    timeout.abort();
    for (const client of this.#clients) client.connection.stream.destroy();
  }
}

function timeIn(results: unknown): number {
  const rows: unknown = Array.isArray(results) ? results.at(-1)?.rows : null;
  return Array.isArray(rows) ? Number(rows[0]?.at) : Number.NaN;
}

async function rollBack(client: PoolClient, error: unknown): Promise<void> {
  const broken = error instanceof DatabaseFault && !error.answered;
  const over =
    !broken &&
    (await client.query("rollback").then(
      () => true,
      () => false,
    ));
  client.release(!over);
}
