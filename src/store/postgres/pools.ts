/** Pauses of pools, and the freeze of everything. A pause that is over is not cleared but ignored. */
import type { PoolEnd, Store } from "../store.ts";
import { restartPauses } from "./clock.ts";
import type { Context } from "./context.ts";
import type { Transaction } from "./transaction.ts";

interface PoolRow {
  readonly pool: string;
  readonly failures: number;
  readonly paused_until: number | null;
  readonly since: number | null;
}

export function pools({ db }: Context): Pick<Store, "pausePool" | "pools" | "frozen" | "setFrozen"> {
  return {
    async pausePool(pool, until) {
      await db.transaction(async (transaction) => {
        await transaction.run(
          `insert into pools (pool, failures, paused_until, since) values ($1, 0, $2, $3)
           on conflict (pool) do update set paused_until = excluded.paused_until, since = excluded.since`,
          pool,
          until,
          transaction.at,
        );
        transaction.wake("queue");
      });
    },
    async pools() {
      return await db.transaction(async (transaction) => {
        await restartPauses(transaction);
        const over = (until: number | null) => until === null || until <= transaction.at;
        const rows = await transaction.all<PoolRow>('select * from pools order by pool collate "C"');
        return rows.map(({ pool, failures, paused_until }) => ({
          pool,
          failures,
          pausedUntil: over(paused_until) ? null : paused_until,
        }));
      });
    },
    async frozen() {
      return (
        (await db.get<{ value: number }>("select value from settings where name = 'frozen'"))?.value === 1
      );
    },
    async setFrozen(frozen) {
      await db.transaction(async (transaction) => {
        await transaction.run("update settings set value = $1 where name = 'frozen'", frozen ? 1 : 0);
        transaction.wake("queue");
      });
    },
  };
}

/** Counts a run's end for its pool. To be called inside the transaction of the move that ends it. */
export async function countEnd(transaction: Transaction, pool: string, end: PoolEnd): Promise<void> {
  await restartPauses(transaction);
  await transaction.run("insert into pools (pool, failures) values ($1, 0) on conflict do nothing", pool);
  const before = (await transaction.get<PoolRow>("select * from pools where pool = $1 for update", pool))!;
  const counted = end.result === "other" ? 0 : before.failures + 1;
  const pauses = end.result === "quick_failure" && counted >= end.failures;
  await transaction.run(
    "update pools set failures = $1, paused_until = $2, since = $3 where pool = $4",
    // Counting starts anew, so that one more failure after the pause does not cause the next.
    pauses ? 0 : counted,
    pauses ? Math.max(transaction.at + end.pauseMs, before.paused_until ?? 0) : before.paused_until,
    pauses ? transaction.at : before.since,
    pool,
  );
}
