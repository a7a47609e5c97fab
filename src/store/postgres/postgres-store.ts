/**
 * The store of many machines: PostgreSQL, with pg-boss as the queue of runs (ADR 8). This file only joins the parts;
 * each part says what it does. Any number of processes may have it open. It needs its own sessions (LISTEN, a
 * session's lock): a pooler between must not share them between transactions.
 */
import type { Store } from "../store.ts";
import { type Address, addressOf } from "./address.ts";
import { bookmarks } from "./bookmarks.ts";
import { claiming } from "./claim.ts";
import { Connection } from "./connection.ts";
import type { Context } from "./context.ts";
import { inbox } from "./deliveries.ts";
import { refusalToOpen } from "./fault.ts";
import { fleet } from "./fleet.ts";
import { forgetting } from "./forget.ts";
import { leases } from "./leases.ts";
import { type Listener, listen, telling } from "./listener.ts";
import { lookForUpgrade } from "./migrate.ts";
import { prepare } from "./opening.ts";
import { outbox } from "./outbox.ts";
import { pools } from "./pools.ts";
import { queries } from "./queries.ts";
import type { Queue } from "./queue.ts";
import { settling } from "./settle.ts";
import { takingOver } from "./take-over.ts";
import { WakeUps } from "./wake-ups.ts";

export const SCHEMA = "agent_dispatch";

export interface PostgresOptions {
  /** `postgresql://user:password@host:5432/database`. */
  readonly url: string;
  /** Unguessable ids: they serve as lease tokens too. */
  readonly newId: () => string;
  /** Epoch milliseconds, for tests; the database's own clock when left out, since machines' clocks differ. */
  readonly now?: () => number;
  /** With `now`: when the database server was started, on that clock. */
  readonly startedAt?: () => number;
  readonly log?: { warn(message: string): void };
  /** False refuses a schema that an older version made; it is brought up to date unless given. */
  readonly upgrade?: boolean;
  /** Ours; the queue's is named after it. */
  readonly schema?: string;
}

/** Opens the store and brings its schema up to date. Throws a Refusal when the database cannot be used. */
export async function openPostgresStore(options: PostgresOptions): Promise<Store> {
  const address = addressOf(options.url, options.schema ?? SCHEMA);
  const self = options.newId().replaceAll(/[^A-Za-z0-9]/g, "");
  const wakeUps = new WakeUps();
  const tell = telling(address.schema, self);
  const db = new Connection({
    address,
    now: options.now ?? null,
    tell,
    committed: (wakes) => {
      for (const what of wakes) wakeUps.wake(what);
    },
  });
  const closing = new AbortController();
  const warn = (why: string) => {
    if (!closing.signal.aborted) options.log?.warn(`the database ${address.label}: ${why}`);
  };
  let queue: Queue | null = null;
  try {
    queue = await prepare(address, db, { warn, upgrade: options.upgrade ?? true });
    const listener = await listen({
      ...{ address, self, wakeUps },
      look: lookForUpgrade(address, (refusal) => {
        warn(`${refusal.message}; nothing more is written by this process: end it`);
        db.refuse(refusal);
        closing.abort(refusal);
      }),
    });
    const { newId, now } = options;
    const startedAt = now ? (options.startedAt ?? (() => 0)) : null;
    const context = { db, queue, wakeUps, tell, newId, startedAt, schema: address.schema };
    return joined(context, { address, listener, closing, warn });
  } catch (error) {
    void queue?.end();
    await db.close();
    throw refusalToOpen(address, error);
  }
}

interface Opened {
  readonly address: Address;
  readonly listener: Listener;
  /** Aborted when it is closed. */
  readonly closing: AbortController;
  readonly warn: (why: string) => void;
}

function joined(context: Context, { address, listener, closing, warn }: Opened): Store {
  const { end, ...deliveries } = inbox(context);
  return {
    fleet: fleet(context, { address, warn, closing: closing.signal }),
    ...deliveries,
    ...settling(context),
    ...queries(context),
    ...claiming(context),
    ...leases(context),
    ...takingOver(context),
    ...pools(context),
    ...outbox(context),
    ...bookmarks(context),
    ...forgetting(context),
    changed: (what, signal) => context.wakeUps.wait(what, signal),
    async close() {
      closing.abort();
      context.wakeUps.close();
      listener.end();
      await end();
      await Promise.race([context.queue.end(), context.db.close()]);
      await context.db.close();
    },
  };
}
