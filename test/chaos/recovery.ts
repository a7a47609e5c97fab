/**
 * How long it takes until all is well after a kill: until the process is ready again, counted from its start, and until
 * each run that it held has moved on (another lease or another state), counted from the kill.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { HeldRun, StoreView } from "./store-view.ts";

export interface Recovery {
  /** These were held by the process that was killed just now. */
  interrupted(held: readonly HeldRun[], at: number): void;
  /** Gives up on what is measured: it was interrupted once more. */
  again(): void;
  readonly movedMs: readonly number[];
  /** How many were interrupted once more before they had moved on. */
  readonly lost: () => number;
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
  let lost = 0;
  return {
    movedMs,
    lost: () => lost,
    interrupted(held, at) {
      open.push(...held.map((run) => ({ ...run, at })));
    },
    again() {
      lost += open.length;
      open = [];
    },
    async run(signal) {
      while (!signal.aborted) {
        await sleep(LOOK_MS);
        if (open.length === 0 || !mayLook()) continue;
        const sight = await view.sight().catch(() => null);
        if (!sight) continue;
        const stays = (one: HeldRun) =>
          sight.held.some(
            ({ id, lease, state }) => id === one.id && lease === one.lease && state === one.state,
          );
        for (const run of open) if (!stays(run)) movedMs.push(now() - run.at);
        open = open.filter(stays);
      }
    },
  };
}
