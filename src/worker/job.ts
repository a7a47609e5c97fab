/**
 * A worker's hold on one run: its lease kept alive, the cancel and the loss of the lease noticed, its moves made.
 * Only the holder moves a run; when the lease is gone, `lost` aborts and nothing more may be said of the run.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { NewEffect } from "../model/effect.ts";
import { LeaseLost, messageOf } from "../model/errors.ts";
import type { Actor, Run, RunState } from "../model/run.ts";
import type { Claim, MoveNote, RunPatch, Store } from "../store/store.ts";
import type { LogCopy } from "../supervisor/copy-log.ts";
import type { WorkDeps } from "./deps.ts";
import { fence, type Moment } from "./fence.ts";

/** How a worker may be told to let go of its runs: leave the agents alive, or stop them. */
export interface Stops {
  readonly leave: AbortSignal;
  readonly halt: AbortSignal;
  /** Takes nothing new: what waits for a forge is left to the next start. Never, unless given. */
  readonly drain?: AbortSignal;
}

export interface Job {
  /** The run as last recorded. */
  run: Run;
  /** Hidden characters taken out of the prompt, shown with the status; not known any more after a restart. */
  hidden: number;
  /** When the agent started, as `ticks` count it; null while this process neither started nor adopted one. */
  startedTick: number | null;
  /** The copy that other machines read, while there is one. */
  logCopy: LogCopy | null;
  /** Whose the run was before; null for one fresh from the queue. */
  readonly from: string | null;
  /** Aborts when a person cancels. */
  readonly cancelled: AbortSignal;
  /** Aborts when the lease is lost, with a LeaseLost as its reason, or the worker is to stop its agents. */
  readonly lost: AbortSignal;
  /** Aborts when this process goes and leaves the agent alive for the next one. */
  readonly left: AbortSignal;
  /** Aborts when this process is to end once its runs have: nothing may be waited for that takes hours. */
  readonly draining: AbortSignal;
  /** Aborts on cancel, loss or leaving. */
  readonly interrupted: AbortSignal;
  cancelledBy(): Actor | null;
  move(to: RunState, patch: RunPatch, effects: readonly NewEffect[], note?: MoveNote): Promise<Run>;
  note(patch: RunPatch): Promise<void>;
  /**
   * Extends a lease that was not let go of, if heartbeats were missed, as on a host that slept. False when that was
   * not recorded. Never rejects.
   */
  renew(): Promise<boolean>;
  close(): void;
}

export function openJob(claim: Claim, deps: WorkDeps, { leave, halt, drain }: Stops): Job {
  const { store } = deps;
  const cancel = new AbortController();
  const loss = new AbortController();
  const closed = new AbortController();
  const lost = AbortSignal.any([loss.signal, halt]);
  let canceller: Actor | null = claim.run.cancelledBy;
  let held: Moment = { at: deps.now(), tick: deps.ticks() };
  const { lease } = claim;
  const guarded = async <T>(act: () => Promise<T>): Promise<T> => {
    try {
      return await act();
    } catch (error) {
      if (error instanceof LeaseLost) loss.abort(error);
      throw error;
    }
  };
  const job: Job = {
    run: claim.run,
    hidden: 0,
    startedTick: null,
    logCopy: null,
    from: claim.from,
    cancelled: cancel.signal,
    lost,
    left: leave,
    draining: drain ?? new AbortController().signal,
    interrupted: AbortSignal.any([cancel.signal, lost, leave]),
    cancelledBy: () => canceller,
    async move(to, patch, effects, note) {
      job.run = await guarded(() => store.move(lease, to, patch, effects, note));
      return job.run;
    },
    note: (patch) => guarded(() => store.note(lease, patch)),
    async renew() {
      if (lost.aborted) return true;
      // A host that sleeps stops one clock, and setting the time moves the other.
      const silentMs = Math.max(deps.now() - held.at, deps.ticks() - held.tick);
      // A store that does not answer at all holds up nobody longer than the run is held.
      return silentMs <= deps.leaseMs / 2 || (await Promise.race([beat(), over]));
    },
    close: () => closed.abort(),
  };
  const beat = async () => {
    const sent = { at: deps.now(), tick: deps.ticks() };
    try {
      const { cancelledBy } = await guarded(() => store.heartbeat(lease, deps.leaseMs));
      held = sent;
      if (cancelledBy) {
        canceller = cancelledBy;
        cancel.abort();
      }
      return true;
    } catch (error) {
      deps.log.warn({ run: job.run.id, reason: messageOf(error) }, "heartbeat not recorded");
      return false;
    }
  };
  if (canceller) cancel.abort();
  const ending = AbortSignal.any([closed.signal, lost, leave]);
  const over = new Promise<true>((resolve) =>
    ending.addEventListener("abort", () => resolve(true), { once: true }),
  );
  void keepAlive(beat, store, deps, ending);
  const letGo = (why: LeaseLost) => loss.abort(why);
  void fence(deps, { heldSince: () => held, renew: beat, letGo }, ending);
  return job;
}

/**
 * A heartbeat at a third of the lease, and at once when someone cancels. The first is due now, and each is asked for
 * before the one before it is done: a cancel in between is not slept through.
 */
async function keepAlive(
  beat: () => Promise<unknown>,
  store: Store,
  deps: WorkDeps,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const turn = new AbortController();
    const until = AbortSignal.any([signal, turn.signal]);
    const change = store.changed("cancels", until);
    await beat();
    await Promise.race([change, sleep(deps.leaseMs / 3, undefined, { signal: until }).catch(() => {})]);
    turn.abort();
  }
}
