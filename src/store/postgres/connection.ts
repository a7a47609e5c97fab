/**
 * The pool of connections and its transactions (READ COMMITTED: what a decision rests on is locked first). A
 * transaction that two processes got in each other's way with is done again; one whose connection broke is not, since
 * it may have been committed. A server that goes and comes back costs errors, never the process. Knows no tables.
 *
 * When a call with a limit hears nothing, the way is taken for lost: with its connection go all over which nothing came
 * meanwhile, and it is tried once more over a new one, unless it may have been committed.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Client, type ClientConfig, Pool, type PoolClient } from "pg";
import { type Address, lockKey } from "./address.ts";
import { DatabaseFault } from "./fault.ts";
import { type Limit, Silence, within } from "./limit.ts";
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

/** What becomes of one try at a transaction. */
interface Attempt {
  readonly begun: number;
  client: PoolClient | null;
  /** Given up: nothing more is begun for it. */
  over: boolean;
  committing: boolean;
}

export class Connection implements Asker {
  readonly #options: ConnectionOptions;
  readonly #pool: Pool;
  /** All there are, also those that are only being opened. */
  readonly #clients = new Set<Client>();
  /** When the server last finished an answer over each that is open. */
  readonly #heard = new Map<Client, number>();
  #refused: Error | null = null;
  /** Statements of pg-boss outside transactions of ours. */
  readonly executor: Executor;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const clients = this.#clients;
    const heard = this.#heard;
    class Known extends Client {
      constructor(config?: string | ClientConfig) {
        super(config);
        clients.add(this);
        this.connection.on("readyForQuery", () => heard.set(this, performance.now()));
        this.on("end", () => {
          clients.delete(this);
          heard.delete(this);
        });
        // Whoever uses a connection hears of its end by the statement's error; this would end the process.
        this.on("error", () => undefined);
      }
    }
    this.#pool = new Pool({ ...options.address.config, max: MOST_CONNECTIONS, Client: Known });
    this.#pool.on("error", () => undefined);
    this.executor = { executeSql: (text, values) => this.#pool.query(text, values) };
  }

  async all<Row>(sql: string, ...values: Value[]): Promise<Row[]> {
    return (await this.#ask<Row>(sql, values)).rows;
  }

  async get<Row>(sql: string, ...values: Value[]): Promise<Row | undefined> {
    return (await this.all<Row>(sql, ...values))[0];
  }

  async run(sql: string, ...values: Value[]): Promise<number> {
    return (await this.#ask(sql, values)).changed;
  }

  async #ask<Row>(sql: string, values: readonly Value[]) {
    if (this.#refused) throw this.#refused;
    return await ask<Row>(this.#pool, this.#options.address, sql, values);
  }

  /** From now on nothing is asked any more, and `why` is thrown instead. */
  refuse(why: Error): void {
    this.#refused = why;
  }

  /**
   * All of `work` or nothing; `work` may be called again. With `lock`, no other process is in one with the same. With
   * `limit`, it rejects in time.
   */
  async transaction<T>(
    work: (transaction: Transaction) => Promise<T>,
    lock?: LockName,
    limit?: Limit,
  ): Promise<T> {
    let silent = false;
    for (let tries = 1; ; tries++) {
      const attempt: Attempt = { begun: performance.now(), client: null, over: false, committing: false };
      try {
        const doing = this.#once(work, lock, attempt);
        return await (limit ? within(doing, limit.answerMs, () => this.#giveUp(attempt, limit)) : doing);
      } catch (error) {
        const lost = error instanceof Silence && (!attempt.committing || limit?.repeatable === true);
        const again = lost ? !silent && !this.#pool.ending : error instanceof DatabaseFault && error.again;
        if (!again || tries >= MOST_TRIES) throw error;
        silent ||= lost;
        await sleep(PAUSE_MS * tries);
      }
    }
  }

  #giveUp(attempt: Attempt, { answerMs }: Limit): Silence {
    attempt.over = true;
    // Those that were heard since then work: others that waited as long may have opened them.
    for (const [client, heard] of this.#heard) {
      if (client === attempt.client || heard <= attempt.begun) destroy(client);
    }
    return new Silence(this.#options.address, new Error(`no answer within ${Math.round(answerMs)} ms`));
  }

  async #once<T>(
    work: (transaction: Transaction) => Promise<T>,
    lock: LockName | undefined,
    attempt: Attempt,
  ): Promise<T> {
    if (this.#refused) throw this.#refused;
    const { client, transaction } = await this.#begin(lock, attempt);
    try {
      const result = await work(transaction);
      attempt.committing = true;
      await this.#commit(client, transaction.wakes);
      client.release();
      this.#options.committed(transaction.wakes);
      return result;
    } catch (error) {
      await rollBack(client, error);
      throw error;
    }
  }

  async #begin(
    lock: LockName | undefined,
    attempt: Attempt,
  ): Promise<{ client: PoolClient; transaction: Transaction }> {
    const { address } = this.#options;
    try {
      return await this.#tryToBegin(lock, attempt);
    } catch (error) {
      // A connection that had been idle may be of the server's last life; nothing was asked over it yet.
      if (!(error instanceof DatabaseFault) || error.answered || error.code === "ECONNREFUSED") throw error;
      if (attempt.over) throw error;
      if (this.#pool.ending) throw new Error(`asking the database ${address.label}: the store is closed`);
      return await this.#tryToBegin(lock, attempt);
    }
  }

  async #tryToBegin(
    lock: LockName | undefined,
    attempt: Attempt,
  ): Promise<{ client: PoolClient; transaction: Transaction }> {
    const { address, now } = this.#options;
    const client = await this.#connect();
    try {
      if (attempt.over) throw new Error("it came too late");
      attempt.client = client;
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

  async #connect(): Promise<PoolClient> {
    for (;;) {
      const client = await this.#pool.connect().catch((error: unknown) => {
        throw new DatabaseFault(this.#options.address, error);
      });
      if (!client.connection.stream.destroyed) return client;
      // Given up while it was idle; the pool has not heard of it yet.
      client.release(true);
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
    for (const client of this.#clients) destroy(client);
  }
}

function destroy(client: Client): void {
  client.connection.stream.destroy();
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
