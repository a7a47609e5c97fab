/** Pauses of pools, and the freeze of everything. A pause that is over is not cleared but ignored. */
import type { PoolEnd, Store } from "../store.ts";
import { restartPauses } from "./clock.ts";
import type { Connection } from "./connection.ts";
import type { Context } from "./context.ts";

interface PoolRow {
  readonly pool: string;
  readonly failures: number;
  readonly paused_until: number | null;
  readonly since: number | null;
}

export function isFrozen(db: Connection): boolean {
  return db.get<{ value: number }>("select value from settings where name = 'frozen'")?.value === 1;
}

export function pausedPools(context: Context): ReadonlySet<string> {
  const { db, now } = context;
  restartPauses(context);
  const rows = db.all<PoolRow>("select pool from pools where paused_until > ?", now());
  return new Set(rows.map(({ pool }) => pool));
}

export function pools(context: Context): Pick<Store, "pausePool" | "pools" | "frozen" | "setFrozen"> {
  const { db, now, wakeUps } = context;
  return {
    async pausePool(pool, until) {
      db.run(
        `insert into pools (pool, failures, paused_until, since) values (?, 0, ?, ?)
         on conflict do update set paused_until = excluded.paused_until, since = excluded.since`,
        pool,
        until,
        now(),
      );
      wakeUps.wake("queue");
    },
    async pools() {
      restartPauses(context);
      const at = now();
      const over = (until: number | null) => until === null || until <= at;
      return db.all<PoolRow>("select * from pools order by pool").map((row) => ({
        pool: row.pool,
        failures: row.failures,
        pausedUntil: over(row.paused_until) ? null : row.paused_until,
      }));
    },
    frozen: async () => isFrozen(db),
    async setFrozen(frozen) {
      db.run("update settings set value = ? where name = 'frozen'", frozen ? 1 : 0);
      wakeUps.wake("queue");
    },
  };
}

/** Counts a run's end for its pool. To be called inside the transaction of the move that ends it. */
export function countEnd(context: Context, pool: string, { result, failures, pauseMs }: PoolEnd): void {
  const { db, now } = context;
  restartPauses(context);
  const before = db.get<PoolRow>("select * from pools where pool = ?", pool);
  const counted = result === "other" ? 0 : (before?.failures ?? 0) + 1;
  const pauses = result === "quick_failure" && counted >= failures;
  const until = before?.paused_until ?? null;
  db.run(
    "insert or replace into pools (pool, failures, paused_until, since) values (?, ?, ?, ?)",
    pool,
    // Counting starts anew, so that one more failure after the pause does not cause the next.
    pauses ? 0 : counted,
    pauses ? Math.max(now() + pauseMs, until ?? 0) : until,
    pauses ? now() : (before?.since ?? null),
  );
}
