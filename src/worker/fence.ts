/**
 * Keeps an agent from working on under a lease that may be another's by now. When the store can not be reached, nobody
 * tells this worker that it lost a run; so with a store of many machines it counts for itself, and lets go of the run
 * once the lease has had its length. Nothing of that on one machine: there is nobody else to take the run.
 *
 * The bound. A worker that falls silent has let go of its runs, their agents stopped, `leaseMs + graceMs` after its
 * last heartbeat; another takes them over `leaseMs + graceMs + 5 s` after it (`lostMs`), when it looks (`LOOK_MS` in
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

/**
 * Calls `letGo` when the lease has run out without being renewed. `heldAt`: when, in ticks, the last heartbeat that
 * was recorded had been sent. Resolves when it did, or when `signal` aborts.
 */
export async function fence(
  deps: Pick<WorkDeps, "store" | "ticks" | "leaseMs">,
  heldAt: () => number,
  letGo: (why: LeaseLost) => void,
  signal: AbortSignal,
): Promise<void> {
  if (deps.store.fleet === null) return;
  while (!signal.aborted) {
    const rest = heldAt() + deps.leaseMs - deps.ticks();
    if (rest <= 0) {
      letGo(new LeaseLost("the lease could not be renewed in time: the run may be another worker's by now"));
      return;
    }
    await sleep(rest, undefined, { signal }).catch(() => {});
  }
}
