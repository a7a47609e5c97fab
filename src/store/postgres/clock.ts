/**
 * What keeps a clock that jumps, and a database that is away, from holding things for hours or from taking them from
 * who has them.
 *
 * Leases: the time at which a worker last asked for or kept one is kept beside them. If the clock has gone back since,
 * or on by more than a lease, nobody could keep a lease alive in between, so all of them are moved by the difference.
 * Holds, delays and pauses know since when they are: before it, the clock has been set back, and they begin anew from
 * now with their whole length. So nothing waits longer than twice its time, and nothing that is held is given twice.
 */
import type { Transaction } from "./transaction.ts";

/** Heartbeats of many workers would otherwise wait for each other at one row. */
const OFTEN_ENOUGH_MS = 500;

/**
 * To be called in every transaction that gives, keeps or takes a lease, before a run is locked. `leaseMs` is how long
 * one lasts.
 */
export async function keepLeaseTime(transaction: Transaction, leaseMs: number): Promise<void> {
  const { at } = transaction;
  const read = "select value from settings where name = 'reached'";
  const seen = (await transaction.get<{ value: number }>(read))?.value ?? 0;
  if (at >= seen && at - seen < OFTEN_ENOUGH_MS) return;
  const reached = (await transaction.get<{ value: number }>(`${read} for update`))?.value ?? 0;
  const passed = at - reached;
  if (reached !== 0 && (passed < 0 || passed > leaseMs)) {
    await transaction.run(
      "update runs set lease_until = lease_until + $1 where lease is not null",
      Math.round(passed),
    );
  }
  await transaction.run("update settings set value = $1 where name = 'reached'", at);
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
