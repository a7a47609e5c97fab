/**
 * Removes what is no longer of use. Two parts, because the work may be spread over machines: each machine looks after
 * its own disk, and one process after the store they share. Nothing of a queued, working or blocked run is ever
 * removed. It goes slowly and aside: no run waits for it.
 */
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { HousekeepingConfig } from "../config/config.ts";
import { messageOf } from "../model/errors.ts";
import type { Store } from "../store/store.ts";
import { type Holdings, tidyDisk } from "./disk.ts";
import { type FreedByKind, inWords, something } from "./freed.ts";
import { createUse } from "./use.ts";

export type { FreedByKind };

/** A start has more urgent things to do. */
const FIRST_MS = 60_000;
/** Rows forgotten in one transaction. */
const BATCH = 500;

export interface HousekeepingDeps {
  readonly store: Store;
  readonly holdings: Holdings;
  /** Where `<run>.<attempt>.log` are. */
  readonly logsDir: string;
  /** Read anew for each round. */
  readonly config: () => HousekeepingConfig;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Logger;
  /** Milliseconds from the start to the first round; a minute unless given. */
  readonly firstMs?: number;
}

export interface Housekeeping {
  /** Round after round over this machine's disk, for every process that has one; resolves when aborted. */
  ofThisMachine(signal: AbortSignal): Promise<void>;
  /** Round after round over the store, for the one process that leads; resolves when aborted. */
  ofTheStore(signal: AbortSignal): Promise<void>;
  /** One round of both, at once; resolves with what was removed, by kind. */
  once(signal: AbortSignal): Promise<FreedByKind>;
}

export function createHousekeeping(deps: HousekeepingDeps): Housekeeping {
  const { store, log, now, config } = deps;
  const trouble = (path: string, error: unknown) =>
    log.warn({ path, reason: messageOf(error) }, "housekeeping could not look after this; it tries again");
  const disk = { ...deps, use: createUse(store), trouble };

  const told = (freed: FreedByKind): FreedByKind => {
    const removed = something(freed);
    if (Object.keys(removed).length > 0) log.info(removed, `housekeeping removed ${inWords(removed)}`);
    return removed;
  };
  const tidyMachine = async (signal: AbortSignal) => told(await tidyDisk(disk, config(), signal));
  const tidyStore = async (signal: AbortSignal) => {
    const { deliveriesMs, logs } = config();
    // Copies of logs are limited by size, too, also where nothing goes by age.
    const before = deliveriesMs === null ? 0 : now() - deliveriesMs;
    return told(await forgetAll(store, before, logs.bytes, signal));
  };

  const rounds = async (tidy: (signal: AbortSignal) => Promise<unknown>, signal: AbortSignal) => {
    await pause(deps.firstMs ?? FIRST_MS, signal);
    while (!signal.aborted) {
      await tidy(signal).catch((error) =>
        log.warn({ reason: messageOf(error) }, "a round of housekeeping ended early; the next one goes on"),
      );
      await pause(config().everyMs, signal);
    }
  };

  return {
    ofThisMachine: (signal) => rounds(tidyMachine, signal),
    ofTheStore: (signal) => rounds(tidyStore, signal),
    once: async (signal) => ({ ...(await tidyMachine(signal)), ...(await tidyStore(signal)) }),
  };
}

/** In batches, with room for everyone else between two of them. */
async function forgetAll(
  store: Store,
  before: number,
  logBytes: number | null,
  signal: AbortSignal,
): Promise<FreedByKind> {
  const sums = { deliveries: 0, effects: 0, logs: 0 };
  while (!signal.aborted) {
    const { deliveries, effects, logs } = await store.forget(before, BATCH, logBytes);
    sums.deliveries += deliveries;
    sums.effects += effects;
    sums.logs += logs;
    if (deliveries + effects + logs === 0) break;
    await setImmediate();
  }
  const counted = (count: number) => ({ count, bytes: 0 });
  return {
    deliveries: counted(sums.deliveries),
    effects: counted(sums.effects),
    "log copies": counted(sums.logs),
  };
}

/** Ends early when aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => {});
}
