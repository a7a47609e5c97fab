/**
 * A worker: takes runs from the queue as the caps allow and works each to its end. At start it first takes over what
 * an earlier process on this machine left behind. Draining takes nothing new; what runs is waited for, or left alive
 * for the next start to adopt.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../model/errors.ts";
import type { Claim } from "../store/store.ts";
import type { WorkDeps } from "./deps.ts";
import { type Job, openJob, type Stops } from "./job.ts";
import { work } from "./work.ts";

export interface WorkerDeps extends WorkDeps {
  readonly name: string;
  /** Called after the queue moved, to tell the runs that still wait where they stand. */
  readonly onQueueMoved: () => Promise<void>;
}

export interface Worker {
  /** Resolves when `drain` has aborted and every run of this worker has ended or was let go. */
  run(signals: Stops & { readonly drain: AbortSignal }): Promise<void>;
  readonly active: () => number;
}

/** How long a queue is left alone when nothing tells of a change: pauses end by the clock. Milliseconds. */
const QUIET_MS = 5000;

export function createWorker(deps: WorkerDeps): Worker {
  const active = new Map<Job, Promise<void>>();
  const begin = (claim: Claim, stops: Stops) => {
    const job = openJob(claim, deps, stops);
    active.set(
      job,
      work(job, deps).finally(() => active.delete(job)),
    );
  };
  return {
    active: () => active.size,
    async run({ drain, ...stops }) {
      const left = await deps.store.takeOver(deps.name, deps.leaseMs, true);
      if (left.length) deps.log.info({ runs: left.length }, "taking up runs left by an earlier process");
      for (const claim of left) begin(claim, stops);
      await claimLoop(deps, active, (claim) => begin(claim, stops), drain);
      await Promise.allSettled(active.values());
    },
  };
}

async function claimLoop(
  deps: WorkerDeps,
  active: ReadonlyMap<Job, unknown>,
  begin: (claim: Claim) => void,
  drain: AbortSignal,
): Promise<void> {
  while (!drain.aborted) {
    const turn = new AbortController();
    const until = AbortSignal.any([drain, turn.signal]);
    const change = deps.store.changed("queue", until);
    try {
      // What this very worker still works on is not to be taken from it: the host may have slept.
      await Promise.all([...active.keys()].map((job) => job.renew()));
      for (const claim of await deps.store.takeOver(deps.name, deps.leaseMs, false)) begin(claim);
      for (;;) {
        const claim = drain.aborted
          ? null
          : await deps.store.claim(deps.name, deps.config().caps, deps.leaseMs);
        if (!claim) break;
        begin(claim);
      }
      await deps.onQueueMoved();
    } catch (error) {
      deps.log.error({ reason: messageOf(error) }, "the queue could not be read; trying again");
    }
    await Promise.race([change, sleep(QUIET_MS, undefined, { signal: until }).catch(() => {})]);
    turn.abort();
  }
}
