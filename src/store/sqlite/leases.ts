/** What the holder of a lease may do. Every write proves the lease by its token; a stale holder changes nothing. */
import { LeaseLost } from "../../model/errors.ts";
import type { Run } from "../../model/run.ts";
import { patchColumns } from "../run-columns.ts";
import type { Claim, Lease, Leaseholder, Store } from "../store.ts";
import { keepLeaseTime } from "./clock.ts";
import type { Connection } from "./connection.ts";
import type { Context } from "./context.ts";
import { addEffect } from "./effects.ts";
import { countEnd } from "./pools.ts";
import { runById } from "./queries.ts";
import { selectRuns, updateRun } from "./run-rows.ts";
import { isLeased, moveRun } from "./transition.ts";

export function leases(context: Context): Pick<Store, "heartbeat" | "move" | "note" | "takeOver"> {
  const { db, now, wakeUps } = context;
  return {
    async heartbeat(lease, leaseMs) {
      return db.transaction(() => {
        const { cancelledBy } = held(context, lease);
        keepLeaseTime(context, leaseMs);
        updateRun(db, lease.runId, { lease_until: now() + leaseMs });
        return { cancelledBy };
      });
    },
    async move(lease, to, patch, effects, { detail, pool } = {}) {
      const run = db.transaction(() => {
        const run = held(context, lease);
        moveRun(context, run, to, patchColumns(patch), detail ?? null);
        if (pool) countEnd(context, run.pool, pool);
        for (const effect of effects) addEffect(context, effect);
        return runById(db, lease.runId)!;
      });
      if (!isLeased(to)) wakeUps.wake("queue");
      if (effects.length > 0) wakeUps.wake("effects");
      return run;
    },
    async note(lease, patch) {
      db.transaction(() => {
        held(context, lease);
        updateRun(db, lease.runId, patchColumns(patch));
      });
    },
    takeOver: async (worker, leaseMs, whose) =>
      db.transaction(() => takeOver(context, worker, leaseMs, whose)),
  };
}

function held({ db }: Context, { runId, token }: Lease): Run {
  const run = selectRuns(db, "where id = ? and lease = ?", runId, token)[0];
  if (!run)
    throw new LeaseLost(`run ${runId}: the lease is gone, another worker has the run or it has ended`);
  return run;
}

/** The attempt is the same one: its agent may still be at work. */
function takeOver(context: Context, worker: string, leaseMs: number, whose: Leaseholder): Claim[] {
  const { db, newId, now } = context;
  // Asked every few seconds, so nothing is written when there is nothing to take.
  if (!db.get("select 1 from runs where lease is not null limit 1")) return [];
  keepLeaseTime(context, leaseMs);
  const found = whose === "own" ? ownLeases(db, worker) : lostLeases(db, now() - whose.lostMs);
  return found.map(({ id, worker: from }) => {
    const token = newId();
    updateRun(db, id, { lease: token, lease_until: now() + leaseMs, worker });
    return { run: runById(db, id)!, lease: { runId: id, token }, from };
  });
}

interface Leased {
  readonly id: string;
  readonly worker: string;
}

function ownLeases(db: Connection, worker: string): Leased[] {
  return db.all("select id, worker from runs where lease is not null and worker = ? order by number", worker);
}

/** A lease that ended at `until` has run out. */
function lostLeases(db: Connection, until: number): Leased[] {
  const where = "lease is not null and lease_until <= ?";
  return db.all(`select id, worker from runs where ${where} order by lease_until, number`, until);
}
