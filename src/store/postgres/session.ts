/**
 * A connection for one purpose that is kept for long: listening, leading, opening. Its end is told at once when the
 * server says it, and within seconds when it says nothing (`watch`).
 */
import { Client } from "pg";
import type { Address } from "./address.ts";
import { DatabaseFault } from "./fault.ts";

const BEAT_MS = 2_000;
const ANSWER_MS = 6_000;

export interface Look {
  readonly sql: string;
  readonly answered: (rows: readonly Record<string, unknown>[]) => void;
}

export interface Session {
  query(sql: string): Promise<readonly Record<string, unknown>[]>;
  readonly client: Client;
  /** Aborts when the connection is gone. */
  readonly gone: AbortSignal;
  /** Asks the server every two seconds whether it is there, or what `look` says. */
  watch(look?: Look): void;
  /** Ends it without waiting for the server. */
  end(): void;
}

export async function openSession(address: Address): Promise<Session> {
  const client = new Client(address.config);
  const gone = new AbortController();
  let beat: NodeJS.Timeout | undefined;
  const end = () => {
    clearInterval(beat);
    gone.abort();
    client.end().catch(() => undefined);
    client.connection.stream.destroy();
  };
  client.on("error", end);
  client.on("end", end);
  let before: Promise<unknown> = Promise.resolve();
  // One at a time: the driver sends no second statement before the first is answered.
  const query = (sql: string) => {
    const asked = before.then(() => client.query<Record<string, unknown>>(sql));
    before = asked.catch(() => undefined);
    return asked.then(
      ({ rows }) => rows,
      (error: unknown) => Promise.reject(new DatabaseFault(address, error)),
    );
  };
  try {
    await client.connect();
  } catch (error) {
    end();
    throw new DatabaseFault(address, error);
  }
  let asking = false;
  const ask = ({ sql, answered }: Look) => {
    if (asking) return;
    asking = true;
    const silence = setTimeout(end, ANSWER_MS);
    query(sql)
      .then(answered)
      .catch(end)
      .finally(() => {
        asking = false;
        clearTimeout(silence);
      });
  };
  const watch = (look: Look = { sql: "select 1", answered: () => {} }) => {
    clearInterval(beat);
    beat = setInterval(() => ask(look), BEAT_MS);
  };
  return { query, client, gone: gone.signal, watch, end };
}
