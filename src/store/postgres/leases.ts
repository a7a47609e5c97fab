/** What the holder of a lease may do. Every write proves the lease by its token; a stale holder changes nothing. */
import { LeaseLost } from "../../model/errors.ts";
import { patchColumns, toRun } from "../run-columns.ts";
import type { Lease, RunPatch, Store } from "../store.ts";
import { keepLeaseTime } from "./clock.ts";
import type { Context } from "./context.ts";
import { addEffect } from "./effects.ts";
import { answerLimit } from "./limit.ts";
import { countEnd } from "./pools.ts";
import { type RunColumns, type RunRow, updateRun } from "./run-rows.ts";
import type { Transaction } from "./transaction.ts";
import { isLeased, moveRun } from "./transition.ts";

/** A move that may have been made is not made again: the second would find no lease, and take the run for lost. */
const ONCE = { answerMs: answerLimit(), repeatable: false };

export function leases(context: Context): Pick<Store, "heartbeat" | "move" | "note"> {
  const { db } = context;
  return {
    async heartbeat(lease, leaseMs) {
      const limit = { answerMs: answerLimit(leaseMs), repeatable: true };
      return await db.transaction(
        async (transaction) => {
          await keepLeaseTime(context, transaction, leaseMs);
          const { cancelledBy } = toRun(await held(transaction, lease));
          const columns = { lease_until: transaction.at + leaseMs, lease_ms: leaseMs };
          await updateRun(transaction, lease.runId, columns);
          return { cancelledBy };
        },
        undefined,
        limit,
      );
    },
    async move(lease, to, patch, effects, { detail, pool } = {}) {
      return await db.transaction(
        async (transaction) => {
          const row = await held(transaction, lease);
          const columns = columnsOf(row, patch);
          const run = await moveRun(context, transaction, toRun(row), to, columns, detail ?? null);
          if (pool) await countEnd(transaction, run.pool, pool);
          for (const effect of effects) await addEffect(context, transaction, effect);
          if (!isLeased(to)) transaction.wake("queue");
          if (effects.length > 0) transaction.wake("effects");
          return run;
        },
        undefined,
        ONCE,
      );
    },
    async note(lease, patch) {
      await db.transaction(
        async (transaction) => {
          const row = await held(transaction, lease);
          await updateRun(transaction, lease.runId, columnsOf(row, patch));
        },
        undefined,
        ONCE,
      );
    },
  };
}

/** A workspace stands with the worker that says so. */
function columnsOf({ worker }: RunRow, patch: RunPatch): RunColumns {
  return { ...patchColumns(patch), ...(patch.workspace !== undefined && { keeper: worker }) };
}

async function held(transaction: Transaction, { runId, token }: Lease): Promise<RunRow> {
  const sql = "select * from runs where id = $1 and lease = $2 for update";
  const row = await transaction.get<RunRow>(sql, runId, token);
  if (row) return row;
  throw new LeaseLost(`run ${runId}: the lease is gone, another worker has the run or it has ended`);
}
