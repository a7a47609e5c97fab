/**
 * Which queued run goes next. One process at a time looks (the queue's lock), so what it counts stays true until its
 * run counts too: caps hold exactly. Our own tables say which lanes are closed; pg-boss gives the first job of the
 * others. A job whose run is not queued any more is dropped.
 */

import { toRun } from "../run-columns.ts";
import type { Caps, Claim, Store } from "../store.ts";
import { keepLeaseTime, restartPauses } from "./clock.ts";
import type { Context } from "./context.ts";
import { jobId } from "./job-id.ts";
import { closedLanes, look } from "./lanes.ts";
import { answerLimit } from "./limit.ts";
import type { RunRow } from "./run-rows.ts";
import type { Transaction } from "./transaction.ts";
import { moveRun } from "./transition.ts";

interface Wish {
  readonly worker: string;
  readonly caps: Caps;
  readonly leaseMs: number;
  readonly closed: readonly string[];
}

export function claiming(context: Context): Pick<Store, "claim"> {
  return {
    claim: async (worker, caps, leaseMs, closed = []) =>
      await context.db.transaction(
        (transaction) => claim(context, transaction, { worker, caps, leaseMs, closed }),
        "queue",
        // What was claimed without our knowing is not asked for again, which would claim another beside it.
        { answerMs: answerLimit(leaseMs), repeatable: false },
      ),
  };
}

async function claim(context: Context, transaction: Transaction, wish: Wish): Promise<Claim | null> {
  await restartPauses(transaction);
  const seen = await look(transaction);
  if (seen.frozen || seen.lanes.length === 0) return null;
  const closed = closedLanes(seen, wish.worker, wish.caps, wish.closed);
  if (closed === null) return null;
  await keepLeaseTime(context, transaction, wish.leaseMs);
  for (;;) {
    const taken = await context.queue.take(transaction, closed);
    if (!taken) return null;
    const row = await transaction.get<RunRow>("select * from runs where id = $1 for update", taken.runId);
    if (row?.state === "queued" && jobId(row.place) === taken.job) {
      return await lease(context, transaction, row, wish);
    }
  }
}

async function lease(
  context: Context,
  transaction: Transaction,
  row: RunRow,
  { worker, leaseMs }: Wish,
): Promise<Claim> {
  const token = context.newId();
  const columns = {
    attempt: row.attempt + 1,
    lease: token,
    lease_until: transaction.at + leaseMs,
    lease_ms: leaseMs,
    worker,
  };
  const run = await moveRun(context, transaction, toRun(row), "preparing", columns, worker);
  return { run, lease: { runId: run.id, token }, from: null };
}
