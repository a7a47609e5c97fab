/** Pauses of pools, and the freeze of everything. A pause that is over is not cleared but ignored. */
import type { PoolState, Store } from "../store.ts";
import type { Connection } from "./connection.ts";
import type { Context } from "./context.ts";

interface PoolRow {
  readonly pool: string;
  readonly failures: number;
  readonly paused_until: number | null;
}

export function isFrozen(db: Connection): boolean {
  return db.get<{ value: number }>("select value from settings where name = 'frozen'")?.value === 1;
}

export function pausedPools({ db, now }: Context): ReadonlySet<string> {
  const rows = db.all<PoolRow>("select * from pools where paused_until > ?", now());
  return new Set(rows.map(({ pool }) => pool));
}

export function pools(
  context: Context,
): Pick<Store, "pausePool" | "pools" | "frozen" | "setFrozen"> {
  const { db, now, wakeUps } = context;
  return {
    async pausePool(pool, until) {
      db.run(
        `insert into pools values (?, 0, ?) on conflict do update set paused_until = excluded.paused_until`,
        pool,
        until,
      );
      wakeUps.wake("queue");
    },
    async pools() {
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

function write(db: Connection, { pool, failures, pausedUntil }: PoolState): void {
  db.run("insert or replace into pools values (?, ?, ?)", pool, failures, pausedUntil);
}
