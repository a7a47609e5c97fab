/**
 * How long it takes until all is well after a kill: until each run that was held by the killed process has moved on
 * (another lease or another state), counted from the kill; apart those that another worker took over.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { HeldRun, StoreView } from "./store-view.ts";

export interface Recovery {
  /** These were held by the process that was killed just now; epoch milliseconds. */
  interrupted(held: readonly HeldRun[], at: number): void;
  /** Milliseconds, of those that went on with the same worker. */
  readonly movedMs: readonly number[];
  /** Milliseconds, of those that another worker has now, or that went back into the queue for one. */
  readonly takenOverMs: readonly number[];
  /** How many were interrupted once more before they had moved on. */
  readonly interruptedAgain: () => number;
  /** Looks until aborted. */
  run(signal: AbortSignal): Promise<void>;
}

const LOOK_MS = 100;

export interface RecoveryOptions {
  readonly view: StoreView;
  /** False while nobody may look at the store. */
  readonly mayLook: () => boolean;
  readonly now: () => number;
}

export function createRecovery({ view, mayLook, now }: RecoveryOptions): Recovery {
  let open: (HeldRun & { readonly at: number })[] = [];
  const movedMs: number[] = [];
  const takenOverMs: number[] = [];
  let again = 0;

  async function look(): Promise<void> {
    const sight = await view.sight();
    if (!sight) return;
    const moved = open.filter((one) => {
      const held = sight.held.find(({ id }) => id === one.id);
      if (held?.lease === one.lease && held.state === one.state) return false;
      (held?.worker === one.worker ? movedMs : takenOverMs).push(now() - one.at);
      return true;
    });
    open = open.filter((one) => !moved.includes(one));
  }

  return {
    movedMs,
    takenOverMs,
    interruptedAgain: () => again,
    interrupted(held, at) {
      const isOpen = (run: HeldRun) => open.some(({ id }) => id === run.id);
      again += held.filter(isOpen).length;
      // One that had not moved on yet is measured from the first kill.
      open.push(...held.filter((run) => !isOpen(run)).map((run) => ({ ...run, at })));
    },
    async run(signal) {
      while (!signal.aborted) {
        await sleep(LOOK_MS);
        if (open.length > 0 && mayLook()) await look().catch(() => {});
      }
    },
  };
}
