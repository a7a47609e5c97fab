/**
 * SPINE, second half: from a leased run to its final answer.
 *
 *   prepare workspace → launch the agent in its runtime → supervise → judge → publish the work → final answer
 *
 * Each step begins from what the last one recorded, so a run taken over after a crash goes on where it stood; what
 * becomes of one whose machine was lost is in `lost.ts`. Whatever goes wrong on the way becomes an outcome, and every
 * outcome ends in `finish`: nobody is left without an answer.
 */
import { LeaseLost, messageOf, Refusal } from "../model/errors.ts";
import type { FailureReason, Outcome } from "../model/outcome.ts";
import { LEASED_STATES } from "../model/run.ts";
import { despiteRefusals, ForgeClosed } from "./closed.ts";
import type { WorkDeps } from "./deps.ts";
import { failed } from "./failure.ts";
import { finish } from "./finish.ts";
import type { Job } from "./job.ts";
import { launch } from "./launch.ts";
import { lostWith, takeUp } from "./lost.ts";
import { forgetNetwork } from "./network.ts";
import { isStoreAway, PAUSES, patiently } from "./patience.ts";
import { prepare, type Ready } from "./prepare.ts";
import { publish } from "./publish.ts";
import { forget, watch } from "./watch.ts";

/** Works one run to its end, or until told to let go of it. Closes the job. Never rejects. */
export async function work(job: Job, deps: WorkDeps): Promise<void> {
  const log = deps.log.child({ run: job.run.id, attempt: job.run.attempt });
  try {
    await steps(job, deps);
    if (isGone(job) && isLeased(job)) log.info("run left to its next holder");
  } catch (error) {
    if (error instanceof LeaseLost || isGone(job) || job.draining.aborted)
      log.info({ reason: messageOf(error) }, "run left to its next holder");
    else
      log.error(
        { err: error },
        "run could not be brought to an end; its lease runs out and it is taken up again",
      );
  } finally {
    await job.logCopy?.end(job.lost);
    if (!isLeased(job)) await forgetNetwork(job.run, deps);
    job.close();
  }
}

async function steps(job: Job, deps: WorkDeps): Promise<void> {
  const lostWorker = await lostWith(job, deps);
  if (lostWorker !== null) await takeUp(job, lostWorker, deps);
  if (job.run.state === "preparing") {
    const ready = await orEnd(job, deps, "prepare", () => preparePatiently(job, deps));
    if (!ready || !(await orEnd(job, deps, "start", () => launch(job, ready, deps)))) return;
  }
  if (job.run.state === "running" && !(await watchOrEnd(job, deps))) return;
  if (job.run.state !== "publishing") return;
  // What a lost worker started is on its machine; what was started here is not, whoever had the run before.
  if (lostWorker === null || job.startedTick !== null) await forget(job, deps);
  await finish(job, await publish(job, deps), deps);
}

/** A minute: someone waits for a word, and a run that has not begun costs nothing to begin anew. */
async function preparePatiently(job: Job, deps: WorkDeps): Promise<Ready> {
  const { run, interrupted: signal } = job;
  const pausesMs = PAUSES.slice(0, 6).map((pauses) => pauses * deps.patienceMs);
  const patience = { pausesMs, signal, log: deps.log.child({ run: run.id }) };
  const whileClosed = async (cause: unknown) => {
    throw new ForgeClosed(messageOf(cause), { cause });
  };
  const once = () => patiently(() => prepare(job, deps), patience);
  return await despiteRefusals(once, { run, deps, signal, whileClosed });
}

/**
 * Does a step; what it refuses, or a cancel in the middle of it, is an end of the run and not of the worker. A store
 * that is away is neither: the run is taken up again as it stands.
 */
async function orEnd<T>(
  job: Job,
  deps: WorkDeps,
  reason: FailureReason,
  step: () => Promise<T>,
): Promise<T | null> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof LeaseLost || isGone(job) || isStoreAway(error)) throw error;
    if (error instanceof ForgeClosed) {
      await waitInQueue(job, error, deps);
      return null;
    }
    await finish(job, job.cancelled.aborted ? cancelled(job) : failed(reason, error, deps), deps);
    return null;
  }
}

/** Nothing is said of it, and it takes no place: who claims leaves closed forges alone until they open. */
async function waitInQueue(job: Job, { message }: ForgeClosed, deps: WorkDeps): Promise<void> {
  const { id, repo } = job.run;
  const why = "the forge is closed: the run waits in the queue until it opens";
  deps.log.warn({ run: id, forge: repo.forge, reason: message }, why);
  await job.move("queued", {}, [], { detail: "the forge refuses the bot's credentials" });
}

/** A run taken over may be one that can not be watched any more: its agent or runtime is not configured now. */
async function watchOrEnd(job: Job, deps: WorkDeps): Promise<boolean> {
  try {
    return await watch(job, deps);
  } catch (error) {
    if (!(error instanceof Refusal) || isGone(job)) throw error;
    await finish(job, failed("lost", error, deps), deps);
    return false;
  }
}

const isGone = (job: Job) => job.lost.aborted || job.left.aborted;
const isLeased = ({ run }: Job) => LEASED_STATES.some((state) => state === run.state);

function cancelled(job: Job): Outcome {
  return { kind: "cancelled", by: job.cancelledBy()?.login ?? "someone" };
}
