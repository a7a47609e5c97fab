/**
 * A worker: takes runs from the queue as the caps allow and works each to its end. At start it first takes up what an
 * earlier process of it left behind, and stops agents whose runs it lost meanwhile; later it takes over runs of workers
 * that were lost. Draining takes nothing new; what runs is waited for, or left alive for the next start to adopt.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { LeaseLost, messageOf } from "../model/errors.ts";
import type { Claim } from "../store/store.ts";
import type { WorkDeps } from "./deps.ts";
import { lost } from "./fence.ts";
import { type Job, openJob, type Stops } from "./job.ts";
import { keepPresent, takeLeave } from "./presence.ts";
import { createSweeper, type Sweeper } from "./sweep.ts";
import { work } from "./work.ts";

export interface WorkerDeps extends WorkDeps {
  /** Forges for which no run is begun now: their token was revoked, the App uninstalled. */
  readonly closedForges: () => readonly string[];
  /** Called after the queue moved, to tell the runs that still wait where they stand. */
  readonly onQueueMoved: () => Promise<void>;
}

export interface Worker {
  /**
   * Resolves when `drain` has aborted and every run of this worker has ended or was let go. Rejects, with nothing begun,
   * when it cannot be learnt what an earlier process left; it may be called again then.
   */
  run(signals: Stops & { readonly drain: AbortSignal }): Promise<void>;
  readonly active: () => number;
}

/** How long a queue is left alone when nothing tells of a change: pauses and leases end by the clock. Milliseconds. */
const LOOK_MS = 5_000;

export function createWorker(deps: WorkerDeps): Worker {
  const active = new Map<Job, Promise<void>>();
  const sweeper = createSweeper(deps, (runId) => [...active.keys()].some(({ run }) => run.id === runId));
  const begin = (claim: Claim, stops: Stops) => {
    // Taken from this very worker while it still works on it: what it had begun comes to its end first.
    const before = [...active].filter(([{ run }]) => run.id === claim.run.id).map(([, ending]) => ending);
    const job = openJob(claim, deps, stops);
    const end = Promise.allSettled(before)
      .then(() => work(job, deps))
      .finally(() => {
        active.delete(job);
        if (job.lost.reason instanceof LeaseLost) sweeper.ask();
      });
    active.set(job, end);
  };
  return {
    active: () => active.size,
    async run({ drain, ...stops }) {
      const gone = new AbortController();
      const present = keepPresent(deps, gone.signal);
      const goes = async () => {
        gone.abort();
        await present;
        await takeLeave(deps);
      };
      try {
        const left = await deps.store.takeOver(deps.name, deps.leaseMs, "own");
        if (left.length) deps.log.info({ runs: left.length }, "taking up runs left by an earlier process");
        for (const claim of left) begin(claim, { ...stops, drain });
        await claimLoop({
          deps,
          active,
          sweeper,
          drain,
          begin: (claim) => begin(claim, { ...stops, drain }),
        });
        // It takes nothing more, so nothing waits for it, however long its agents still work. Those left alive are for
        // its next life, which others should wait for as long as its leases last.
        const going = stops.leave.aborted ? null : goes();
        await Promise.allSettled([...active.values(), going]);
        await sweeper.idle();
      } finally {
        gone.abort();
        await present;
      }
    },
  };
}

interface Loop {
  readonly deps: WorkerDeps;
  readonly active: ReadonlyMap<Job, unknown>;
  readonly sweeper: Sweeper;
  readonly drain: AbortSignal;
  readonly begin: (claim: Claim) => void;
}

async function claimLoop({ deps, active, sweeper, drain, begin }: Loop): Promise<void> {
  const { name, leaseMs, store } = deps;
  while (!drain.aborted) {
    const turn = new AbortController();
    const until = AbortSignal.any([drain, turn.signal]);
    const change = store.changed("queue", until);
    sweeper.look();
    try {
      // What this very worker still works on is not to be taken from it: the host may have slept.
      const renewed = await Promise.all([...active.keys()].map((job) => job.renew()));
      if (!renewed.includes(false))
        for (const claim of await store.takeOver(name, leaseMs, lost(deps))) begin(claim);
      for (;;) {
        const claim = drain.aborted
          ? null
          : await store.claim(name, deps.config().caps, leaseMs, deps.closedForges());
        if (!claim) break;
        begin(claim);
      }
      await deps.onQueueMoved();
    } catch (error) {
      deps.log.error({ reason: messageOf(error) }, "the queue could not be read; trying again");
    }
    const look = sleep(Math.min(LOOK_MS, leaseMs / 3), undefined, { signal: until });
    await Promise.race([change, look.catch(() => {})]);
    turn.abort();
  }
}
