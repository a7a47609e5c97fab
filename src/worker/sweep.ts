/**
 * Agents that still work though their run is not this worker's any more: it was lost while this machine was away, taken
 * over by another, and perhaps ended there. They are stopped and forgotten; nothing is said of them on the forge.
 */
import { messageOf } from "../model/errors.ts";
import { LEASED_STATES, type Run } from "../model/run.ts";
import type { RunHandle, Runtime } from "../runtimes/runtime.ts";
import type { WorkDeps } from "./deps.ts";

export interface Sweeper {
  /** Has the next look be one. */
  ask(): void;
  /** Looks, in the background, if there is reason to: at first, when asked to, and when the last look left something. */
  look(): void;
  /** Resolves when no look is under way. */
  idle(): Promise<void>;
}

/** `isMine` tells of a run that this worker works on. */
export function createSweeper(deps: WorkDeps, isMine: (runId: string) => boolean): Sweeper {
  let wanted = true;
  let looking: Promise<void> | null = null;
  const look = async () => {
    wanted = false;
    if (!(await sweep(deps, isMine))) wanted = true;
    looking = null;
  };
  return {
    ask() {
      wanted = true;
    },
    look() {
      if (wanted && looking === null) looking = look();
    },
    idle: async () => void (await looking),
  };
}

/**
 * Looks once at everything the runtimes know. Resolves to false when something is to be looked at again: a run that
 * was just taken over and whose new holder has not begun it anew yet, or what could not be stopped. Never rejects.
 */
async function sweep(deps: WorkDeps, isMine: (runId: string) => boolean): Promise<boolean> {
  let done = true;
  for (const runtime of deps.runtimes()) {
    try {
      for (const handle of await runtime.list()) {
        if (!isMine(handle.runId)) done = (await clear(runtime, handle, deps)) && done;
      }
    } catch (error) {
      deps.log.warn(
        { runtime: runtime.name, reason: messageOf(error) },
        "agents left over were not looked for",
      );
      done = false;
    }
  }
  return (await clearWays(deps, isMine)) && done;
}

async function clear(runtime: Runtime, handle: RunHandle, deps: WorkDeps): Promise<boolean> {
  const { runId, attempt, ref } = handle;
  try {
    if (isRecorded(await deps.store.run(runId), handle)) return false;
    deps.log.warn({ run: runId, attempt, ref }, "stopping an agent whose run is not this worker's any more");
    await runtime.stop(handle, deps.config().limits.graceMs);
    await runtime.remove(handle);
    return true;
  } catch (error) {
    deps.log.warn({ run: runId, ref, reason: messageOf(error) }, "an agent left over could not be stopped");
    return false;
  }
}

/** Ways to the network whose run is over, here or at all: nothing may go out for it any more. */
async function clearWays(deps: WorkDeps, isMine: (runId: string) => boolean): Promise<boolean> {
  let done = true;
  for (const key of deps.egress.list()) {
    try {
      const run = await deps.store.run(key.runId);
      if (isMine(key.runId)) continue;
      if (run?.attempt === key.attempt && isLeased(run)) done = false;
      else await deps.egress.remove(key);
    } catch (error) {
      deps.log.warn(
        { run: key.runId, reason: messageOf(error) },
        "the proxy of a run that is over was not ended",
      );
      done = false;
    }
  }
  return done;
}

const isLeased = (run: Run) => LEASED_STATES.some((state) => state === run.state);

/** Whether the run is recorded as at work with this very agent: then it is its holder's to say what becomes of it. */
function isRecorded(run: Run | null, handle: RunHandle): boolean {
  if (!run?.handle || run.attempt !== handle.attempt) return false;
  if (!isLeased(run)) return false;
  const recorded = JSON.parse(run.handle) as RunHandle;
  return recorded.runtime === handle.runtime && recorded.ref === handle.ref && recorded.logs === handle.logs;
}
