/** The commands that need nothing but the store: they work beside a running server, and without one. */
import { join } from "node:path";
import type { Commands, CommonOptions } from "../cli/commands.ts";
import type { Config } from "../config/config.ts";
import { ACTIVE_STATES } from "../model/run.ts";
import type { Store } from "../store/store.ts";
import { followLog } from "../supervisor/read-log.ts";
import { openStore } from "./open-store.ts";

type StoreCommands = Pick<
  Commands,
  "status" | "freeze" | "thaw" | "resumePool" | "logs" | "backup" | "migrateStore"
>;

export interface StoreCommandsOptions {
  readonly load: (options: CommonOptions) => Config;
  readonly now: () => number;
}

/** How many ended runs `status --all` goes back. */
const LISTED = 200;

export function storeCommands({ load, now }: StoreCommandsOptions): StoreCommands {
  const log = { warn: () => {} };
  const withStore = async <T>(options: CommonOptions, use: (store: Store) => Promise<T>): Promise<T> => {
    const store = await openStore(load(options), { now, log });
    try {
      return await use(store);
    } finally {
      await store.close();
    }
  };
  return {
    status: ({ all, ...options }) =>
      withStore(options, async (store) => ({
        frozen: await store.frozen(),
        workers: (await store.fleet?.living()) ?? null,
        runs: await store.runs({ ...(!all && { states: ACTIVE_STATES }), limit: LISTED }),
        pools: await store.pools(),
        pendingEffects: await store.pendingEffects(),
      })),
    freeze: (options) => withStore(options, (store) => store.setFrozen(true)),
    thaw: (options) => withStore(options, (store) => store.setFrozen(false)),
    resumePool: ({ pool, ...options }) =>
      withStore(options, async (store) => {
        const paused = (await store.pools()).some((one) => one.pool === pool && one.pausedUntil !== null);
        if (paused) await store.pausePool(pool, null);
        return paused;
      }),
    async *logs({ run, follow, ...options }) {
      const config = load(options);
      const store = await openStore(config, { now, log });
      try {
        yield* followLog({ store, dir: join(config.dataDir, "logs"), run, follow });
      } finally {
        await store.close();
      }
    },
    async backup({ file, ...options }, say) {
      const { backup } = await import("./backup.ts");
      return await backup(load(options), file, say);
    },
    async migrateStore(options, say) {
      const { moveToPostgres } = await import("./move-to-postgres.ts");
      return await moveToPostgres(load(options), say);
    },
  };
}
