/**
 * What keeps a clock that jumps, and a database that is away, from holding things for hours or from taking them from
 * who has them.
 *
 * Leases: the time at which a worker last asked for or kept one is kept beside them. If the clock has gone back since,
 * or on by more than a lease, nobody could keep a lease alive in between, so all of them are moved by the difference.
 * When the server was started anew since, every lease lasts at least its whole length from now on.
 * Holds, delays and pauses know since when they are: before it, the clock has been set back, and they begin anew from
 * now with their whole length. So nothing waits longer than twice its time, and nothing that is held is given twice.
 */
import type { Context } from "./context.ts";
import type { Transaction } from "./transaction.ts";

/** Heartbeats of many workers would otherwise wait for each other at one row. */
const OFTEN_ENOUGH_MS = 500;

interface Reached {
  readonly reached: number;
  /** Which life of the server `reached` is of: its start. */
  readonly server: number;
  /** The start of the server as it is now. */
  readonly started: number;
}

const READ = `select (select value from settings where name = 'reached') as reached,
  (select value from settings where name = 'server') as server,
  floor(extract(epoch from pg_postmaster_start_time()) * 1000)::bigint as started`;
const LOCK = "select 1 from settings where name = 'reached' for update";

/**
 * To be called in every transaction that gives, keeps or takes a lease, before a run is locked. `leaseMs` is how long
 * one lasts.
 */
export async function keepLeaseTime(
  { startedAt }: Context,
  transaction: Transaction,
  leaseMs: number,
): Promise<void> {
  const { at } = transaction;
  const seen = (await transaction.get<Reached>(READ))!;
  const server = startedAt?.() ?? seen.started;
  if (seen.server === server && at >= seen.reached && at - seen.reached < OFTEN_ENOUGH_MS) return;
  await transaction.run(LOCK);
  const before = (await transaction.get<Reached>(READ))!;
  const passed = at - before.reached;
  if (before.server !== server) {
    // The server was away. Short as that may have been, everybody has a whole lease from now on to say that he lives.
    await transaction.run(
      "update runs set lease_until = greatest(lease_until, $1::bigint + lease_ms) where lease is not null",
      at,
    );
  } else if (before.reached !== 0 && (passed < 0 || passed > leaseMs)) {
    await transaction.run(
      "update runs set lease_until = lease_until + $1::bigint where lease is not null",
      passed,
    );
  }
  await transaction.run(
    "update settings set value = case name when 'reached' then $1::bigint else $2::bigint end where name in ('reached', 'server')",
    at,
    server,
  );
}

/** To be called before effects are looked for by their time. */
export async function restartHolds(transaction: Transaction): Promise<void> {
  await transaction.run(
    `update effects set due_at = $1::bigint + greatest(0, due_at - since), since = $1
     where state = 'waiting' and since > $1`,
    transaction.at,
  );
}

/** To be called before pauses are looked at. */
export async function restartPauses(transaction: Transaction): Promise<void> {
  await transaction.run(
    `update pools set paused_until = $1::bigint + greatest(0, paused_until - since), since = $1 where since > $1`,
    transaction.at,
  );
}
