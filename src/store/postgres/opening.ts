/**
 * What is done once when a store is opened, by one process at a time: our schema and the queue's are brought up to
 * date, and what the two say of queued runs is made to agree (after a restore from a backup, or a move from SQLite).
 */
import { type Address, lockKey } from "./address.ts";
import type { Connection } from "./connection.ts";
import { migrate } from "./migrate.ts";
import { openQueue, type Queue } from "./queue.ts";
import { openSession } from "./session.ts";

export interface Preparation {
  readonly warn: (why: string) => void;
  /** False only looks whether everything is of this version, unless there is nothing at all. */
  readonly upgrade: boolean;
}

export async function prepare(
  address: Address,
  db: Connection,
  { warn, upgrade }: Preparation,
): Promise<Queue> {
  // Others may be at it, and a step may take long on much data.
  const patient = { statement_timeout: 0, query_timeout: 0 };
  const session = await openSession({ ...address, config: { ...address.config, ...patient } });
  try {
    await session.query(`select pg_advisory_lock(${lockKey(address.schema, "opening")})`);
    const free = await migrate(session.query, address, { upgrade });
    const queue = await openQueue(db, `${address.schema}_queue`, warn, free);
    if (free) await repair(db, queue);
    return queue;
  } finally {
    session.end();
  }
}

async function repair(db: Connection, queue: Queue): Promise<void> {
  try {
    await db.transaction((transaction) => queue.repair(transaction), "queue");
  } catch (error) {
    void queue.end();
    throw error;
  }
}
