/**
 * What keeps a clock that jumps from holding things for hours, or from taking them from who has them. The clock is
 * the machine's own: it is set, the machine sleeps, the battery of its real-time clock dies.
 *
 * Leases: the time at which a worker last asked for or kept one is kept beside them. If the clock has gone back since,
 * or on by more than a lease, nobody could keep a lease alive in between, so all of them are moved by the difference.
 * Holds, delays and pauses know since when they are: before it, the clock has been set back, and they begin anew from
 * now with their whole length. So nothing waits longer than twice its time, and nothing that is held is given twice.
 */
import type { Context } from "./context.ts";

/** To be called in every transaction that gives, keeps or takes a lease. `leaseMs` is how long one lasts. */
export function keepLeaseTime({ db, now }: Context, leaseMs: number): void {
  const at = now();
  const reached = db.get<{ value: number }>("select value from settings where name = 'reached'")?.value ?? 0;
  const passed = at - reached;
  if (passed === 0) return;
  if (reached !== 0 && (passed < 0 || passed > leaseMs)) {
    db.run("update runs set lease_until = lease_until + ? where lease is not null", passed);
  }
  db.run("update settings set value = ? where name = 'reached'", at);
}

/** To be called before effects are looked for by their time. */
export function restartHolds({ db, now }: Context): void {
  const at = now();
  db.run(
    "update effects set due_at = ?1 + max(0, due_at - since), since = ?1 where state = 'waiting' and since > ?1",
    at,
  );
}

/** To be called before pauses are looked at. */
export function restartPauses({ db, now }: Context): void {
  const at = now();
  db.run(
    "update pools set paused_until = ?1 + max(0, paused_until - since), since = ?1 where since > ?1",
    at,
  );
}
