/**
 * Keeps an agent from working on under a lease that may be another's by now. When the store can not be reached, nobody
 * tells this worker that it lost a run; so with a store of many machines it counts for itself, and lets go of the run
 * once the lease has had its length. Nothing of that on one machine: there is nobody else to take the run.
 *
 * The bound. A worker that falls silent has let go of its runs, their agents stopped, `leaseMs + graceMs` after its
 * last heartbeat, and where its process dies the guards see to that (`guardMs` in `compose/parts.ts`); another takes them over `leaseMs + graceMs + 5 s` after it (`lostMs`), when it looks (`LOOK_MS` in
 * `worker.ts`, at most 5 s later). So no two agents of a run work at once, and a lost worker's run is taken over
 * within `leaseMs + graceMs + 10 s`.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { LeaseLost } from "../model/errors.ts";
import type { Leaseholder } from "../store/store.ts";
import type { WorkDeps } from "./deps.ts";

/** What clocks that do not run alike, and an answer that was long on its way, may make of it. */
const MARGIN_MS = 5_000;

/** Whose runs are taken over: of those that have had the time to stop their agents. */
export function lost({ store, config }: Pick<WorkDeps, "store" | "config">): Leaseholder {
  return { lostMs: store.fleet === null ? 0 : config().limits.graceMs + MARGIN_MS };
}

/** When the last heartbeat that was recorded had been sent, on the two clocks there are. */
export interface Moment {
  /** Epoch milliseconds: goes on while the host sleeps, and may be set at any time. */
  readonly at: number;
  /** As `ticks` count: nobody sets it, and it may stand while the host sleeps. */
  readonly tick: number;
}

export interface Hold {
  readonly heldSince: () => Moment;
  /** Sends a heartbeat; false when it was not recorded. Never rejects. */
  readonly renew: () => Promise<boolean>;
  readonly letGo: (why: LeaseLost) => void;
}

/** A timer may stand while the host sleeps, too: whoever wakes is to notice at once. */
const LOOK_MS = 1_000;
/** So long a heartbeat may take that is to prove the wall clock wrong. */
const ANSWER_MS = 3_000;

/**
 * Lets go when the lease has run out without being renewed. Where the wall clock alone says so, the host slept or
 * somebody set the clock: then the store is asked first. Resolves when it let go, or when `signal` aborts.
 */
export async function fence(
  deps: Pick<WorkDeps, "store" | "now" | "ticks" | "leaseMs">,
  { heldSince, renew, letGo }: Hold,
  signal: AbortSignal,
): Promise<void> {
  if (deps.store.fleet === null) return;
  while (!signal.aborted) {
    const { at, tick } = heldSince();
    const restMs = tick + deps.leaseMs - deps.ticks();
    const isDoubtful = deps.now() - at >= deps.leaseMs;
    const isOver =
      restMs <= 0 || (isDoubtful && !(await inTime(renew(), Math.min(restMs, ANSWER_MS), signal)));
    if (isOver && !signal.aborted) {
      letGo(new LeaseLost("the lease could not be renewed in time: the run may be another worker's by now"));
      return;
    }
    await sleep(Math.min(restMs, LOOK_MS), undefined, { signal }).catch(() => {});
  }
}

async function inTime(renewed: Promise<boolean>, ms: number, signal: AbortSignal): Promise<boolean> {
  return await Promise.race([renewed, sleep(ms, false, { signal }).catch(() => false)]);
}
