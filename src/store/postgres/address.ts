/**
 * Where the database is: the connection string as it is given to the driver, and as people may see it. Knows what
 * every session of ours must have, whatever the server's or the database's own settings say.
 */
import { createHash } from "node:crypto";
import { Client, type ClientConfig } from "pg";
import { Refusal } from "../../model/errors.ts";

const APPLICATION = "agent-dispatch";
const CONNECT_MS = 10_000;
const STATEMENT_MS = 30_000;
/** What a connection that was lost in a transaction has locked is wanted again before a lease ends. */
const IDLE_IN_TRANSACTION_MS = 10_000;
/** A server that is gone without a word is given up by the client; longer than the server's own limit. */
const ANSWER_MS = 40_000;
const KEEP_ALIVE_MS = 10_000;

export interface Address {
  /** Host, port and database; never the password. */
  readonly label: string;
  readonly schema: string;
  /** For every connection. Holds the password. */
  readonly config: ClientConfig;
}

/** Throws a Refusal for what is no connection string, without repeating it: it may hold a password. */
export function addressOf(url: string, schema: string): Address {
  if (!/^[a-z_][a-z0-9_]{0,40}$/.test(schema)) throw new Error(`${schema} is no plain name of a schema`);
  const config: ClientConfig = {
    connectionString: withSettings(url, schema),
    application_name: APPLICATION,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    query_timeout: ANSWER_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
  };
  return { label: label(url, config), schema, config };
}

/**
 * A commit that was acknowledged is on disk; a client that is gone is noticed within half a minute, so that what it
 * has locked is free again.
 */
function withSettings(url: string, schema: string): string {
  const ours = [
    `search_path=${schema}`,
    "synchronous_commit=on",
    "tcp_keepalives_idle=10",
    "tcp_keepalives_interval=5",
    "tcp_keepalives_count=3",
    // The keepalives count only while nothing is on its way: an answer that nobody takes has its own limit.
    "tcp_user_timeout=25000",
  ].map((setting) => `-c ${setting}`);
  const query = url.includes("?") ? url.slice(url.indexOf("?") + 1) : "";
  const given = new URLSearchParams(query).get("options");
  const options = encodeURIComponent([...(given ? [given] : []), ...ours].join(" "));
  return `${url}${url.includes("?") ? "&" : "?"}options=${options}`;
}

function label(url: string, config: ClientConfig): string {
  try {
    if (!/^postgres(ql)?:\/\//.test(url)) throw new Error("not a URL of PostgreSQL");
    const { host, port, database } = new Client(config);
    return `${host}:${port}/${database ?? ""}`;
  } catch {
    throw new Refusal(
      "opening the store: the database's address cannot be read",
      "Write it as postgresql://user:password@host:5432/database, with special characters percent-encoded.",
    );
  }
}

/** The number of an advisory lock of ours: one for each schema and name. */
export function lockKey(schema: string, name: string): string {
  const digest = createHash("sha256").update(`${APPLICATION} ${schema} ${name}`).digest();
  return digest.readBigInt64BE().toString();
}
