/** What the holder of a lease may do. Every write proves the lease by its token; a stale holder changes nothing. */
import { LeaseLost } from "../../model/errors.ts";
import type { Run } from "../../model/run.ts";
import type { Claim, Lease, Store } from "../store.ts";
import type { Context } from "./context.ts";
import { addEffect } from "./effects.ts";
import { runById } from "./queries.ts";
import { patchColumns, selectRuns, updateRun } from "./run-rows.ts";
import { isLeased, moveRun } from "./transition.ts";

export function leases(context: Context): Pick<Store, "heartbeat" | "move" | "note" | "takeOver"> {
  const { db, now, wakeUps } = context;
  return {
    async heartbeat(lease, leaseMs) {
      return db.transaction(() => {
        const { cancelledBy } = held(context, lease);
        updateRun(db, lease.runId, { lease_until: now() + leaseMs });
        return { cancelledBy };
      });
    },
    async move(lease, to, patch, effects, detail) {
      const run = db.transaction(() => {
        moveRun(context, held(context, lease), to, patchColumns(patch), detail ?? null);
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
    takeOver: async (worker, leaseMs, everything) =>
      db.transaction(() => takeOver(context, worker, leaseMs, everything)),
  };
}

function held({ db }: Context, { runId, token }: Lease): Run {
  const run = selectRuns(db, "where id = ? and lease = ?", runId, token)[0];
  if (!run)
    throw new LeaseLost(`run ${runId}: the lease is gone, another worker has the run or it has ended`);
  return run;
}

/** A lease that ends now has run out. The attempt is the same one: its agent may still be at work. */
function takeOver(context: Context, worker: string, leaseMs: number, everything: boolean): Claim[] {
  const { db, newId, now } = context;
  const until = everything ? Number.MAX_SAFE_INTEGER : now();
  const lost = selectRuns(
    db,
    "where lease is not null and lease_until <= ? order by lease_until, number",
    until,
  );
  return lost.map((run) => {
    const token = newId();
    updateRun(db, run.id, { lease: token, lease_until: now() + leaseMs, worker });
    return { run, lease: { runId: run.id, token } };
  });
}
