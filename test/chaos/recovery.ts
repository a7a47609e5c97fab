/**
 * How long it takes until all is well after a kill: until each run that was held by the killed process has moved on
 * (another lease or another state), counted from the kill; apart those that another worker took over. There is a bound
 * on it: a run that has not moved on by then is late.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { seconds } from "./figures.ts";
import type { HeldRun, StoreView } from "./store-view.ts";

export interface Recovery {
  /** These were held by the process that was killed just now; epoch milliseconds. */
  interrupted(held: readonly HeldRun[], at: number): void;
  /** This worker was only stopped and goes on: it may have renewed what it held. Epoch milliseconds. */
  resumed(worker: string, at: number): void;
  /** Milliseconds, of those that went on with the same worker. */
  readonly movedMs: readonly number[];
  /** Milliseconds, of those that another worker has now, or that went back into the queue for one. */
  readonly takenOverMs: readonly number[];
  /** Runs that did not move on in time, each in a line. */
  readonly late: readonly string[];
  /** How many were interrupted once more before they had moved on. */
  readonly interruptedAgain: () => number;
  /** Looks until aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves when every run that was interrupted has moved on or is late. To be called while it runs. */
  settled(signal: AbortSignal): Promise<void>;
}

/** By when a run has to move on. */
export interface Bound {
  readonly ms: number;
  /** Since when it counts, at the earliest: nothing was in the way. Null: something is. Epoch milliseconds. */
  readonly since: () => number | null;
}

export interface RecoveryOptions {
  readonly view: Pick<StoreView, "sight">;
  readonly bound: Bound;
  /** False while nobody may look at the store. */
  readonly mayLook: () => boolean;
  readonly now: () => number;
  /** Between two looks, in milliseconds; 100 when left out. */
  readonly lookMs?: number;
}

interface Open extends HeldRun {
  /** Interrupted first. */
  readonly at: number;
  /** The last sign of life of who held it was before that. */
  readonly lastAt: number;
}

const LOOK_MS = 100;

export function createRecovery({ view, bound, mayLook, now, lookMs = LOOK_MS }: RecoveryOptions): Recovery {
  let open: readonly Open[] = [];
  const movedMs: number[] = [];
  const takenOverMs: number[] = [];
  const late: string[] = [];
  let again = 0;

  async function look(): Promise<void> {
    const before = open;
    const sight = await view.sight();
    if (!sight) return;
    const rest: Open[] = [];
    for (const one of before.filter((each) => open.includes(each))) {
      const held = sight.held.find(({ id }) => id === one.id);
      if (held && isSame(held, one)) rest.push(one);
      else (held?.worker === one.worker ? movedMs : takenOverMs).push(now() - one.at);
    }
    // What was interrupted while this looked is looked at next.
    open = [...rest.filter((one) => !isLate(one)), ...open.filter((one) => !before.includes(one))];
  }

  function isLate({ id, state, worker, lastAt }: Open): boolean {
    const since = bound.since();
    const waited = since === null ? 0 : now() - Math.max(since, lastAt);
    if (waited <= bound.ms) return false;
    late.push(
      `run ${id} (${state}, ${worker}) has not moved on for ${seconds(waited)}; the bound is ${seconds(bound.ms)}`,
    );
    return true;
  }

  return {
    movedMs,
    takenOverMs,
    late,
    interruptedAgain: () => again,
    interrupted(held, at) {
      for (const run of held) {
        const known = open.find((one) => isSame(one, run));
        if (known) again += 1;
        // One that had not moved on yet is measured from the first kill, and is late by the last.
        open = [...open.filter((one) => one !== known), { ...run, at: known?.at ?? at, lastAt: at }];
      }
    },
    resumed(worker, at) {
      open = open.map((one) => (one.worker === worker ? { ...one, lastAt: at } : one));
    },
    async run(signal) {
      while (!signal.aborted) {
        await sleep(lookMs);
        if (open.length > 0 && mayLook()) await look().catch(() => {});
      }
    },
    async settled(signal) {
      while (open.length > 0 && !signal.aborted) await sleep(lookMs);
    },
  };
}

function isSame(one: HeldRun, other: HeldRun): boolean {
  return one.id === other.id && one.lease === other.lease && one.state === other.state;
}
