/**
 * Statements on one connection, in one transaction, with one time. Rows come back with numbers as numbers; what is
 * given may hold U+0000, which PostgreSQL's text cannot: it is left out (what must come back exactly is kept as JSON
 * or bytes).
 */
import { type ClientBase, types } from "pg";
import type { Address } from "./address.ts";
import { DatabaseFault } from "./fault.ts";
import type { Waker } from "./wake-ups.ts";

export type Value = string | number | boolean | null | Buffer | readonly string[] | readonly number[];

/** Whoever answers statements: a transaction, or the database with one transaction for each. */
export interface Asker {
  all<Row>(sql: string, ...values: Value[]): Promise<Row[]>;
  /** The first row, undefined when there is none. */
  get<Row>(sql: string, ...values: Value[]): Promise<Row | undefined>;
  /** How many rows were changed. */
  run(sql: string, ...values: Value[]): Promise<number>;
}

/** What pg-boss asks of a connection. */
export interface Executor {
  executeSql(text: string, values?: unknown[]): Promise<{ rows: object[] }>;
}

const BIGINT = 20;
/** All numbers of ours are counts and milliseconds, far below 2^53. */
const NUMBERS = {
  getTypeParser: ((oid: number, format?: "text") =>
    oid === BIGINT ? Number : types.getTypeParser(oid, format)) as typeof types.getTypeParser,
};

export async function ask<Row>(
  client: Pick<ClientBase, "query">,
  address: Address,
  text: string,
  values: readonly Value[],
): Promise<{ rows: Row[]; changed: number }> {
  try {
    const result = await client.query({ text, values: values.map(storable), types: NUMBERS });
    return { rows: result.rows as Row[], changed: result.rowCount ?? 0 };
  } catch (error) {
    throw new DatabaseFault(address, error);
  }
}

function storable(value: Value): Value {
  return typeof value === "string" && value.includes("\0") ? value.replaceAll("\0", "") : value;
}

export class Transaction implements Asker {
  readonly #client: ClientBase;
  readonly #address: Address;
  /** The time of everything that is written here, epoch milliseconds. */
  readonly at: number;
  /** Told to everybody at the commit. */
  readonly wakes = new Set<Waker>();
  /** For pg-boss, to take part. */
  readonly executor: Executor;

  constructor(client: ClientBase, address: Address, at: number) {
    this.#client = client;
    this.#address = address;
    this.at = at;
    this.executor = {
      executeSql: async (text, values) => {
        try {
          return await client.query(text, values);
        } catch (error) {
          throw new DatabaseFault(address, error);
        }
      },
    };
  }

  async all<Row>(sql: string, ...values: Value[]): Promise<Row[]> {
    return (await ask<Row>(this.#client, this.#address, sql, values)).rows;
  }

  async get<Row>(sql: string, ...values: Value[]): Promise<Row | undefined> {
    return (await this.all<Row>(sql, ...values))[0];
  }

  async run(sql: string, ...values: Value[]): Promise<number> {
    return (await ask(this.#client, this.#address, sql, values)).changed;
  }

  wake(what: Waker): void {
    this.wakes.add(what);
  }
}
