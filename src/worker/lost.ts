/**
 * Runs of a worker that was lost. Its agent, checkout and session are on a machine that nobody hears of, so nothing of
 * them is waited for: by the admin's setting the run begins anew here, or ends as failed. What was decided before the
 * loss stands, and who cancelled it gets no new start.
 */
import type { NewEffect } from "../model/effect.ts";
import { messageOf } from "../model/errors.ts";
import type { Outcome } from "../model/outcome.ts";
import { LEASED_STATES, type Run } from "../model/run.ts";
import { beginsAnew, statusEffect } from "../report/messages.ts";
import type { RunEvent, RunPatch } from "../store/store.ts";
import type { WorkDeps } from "./deps.ts";
import { finish, timeBooked } from "./finish.ts";
import { handleOf } from "./handle.ts";
import type { Job } from "./job.ts";

/** A run that loses every worker it is given to may be what kills them. */
const MOST_RESTARTS = 3;
/** Begins the detail of each move that a loss caused. */
const LOST = "lost with worker";

/** The worker that was lost with what this run needs to go on; null when all of it is here. */
export async function lostWith(job: Job, deps: WorkDeps): Promise<string | null> {
  if (job.from === null || deps.store.fleet === null) return null;
  if (job.from !== deps.name) return job.from;
  // Its own: let go of when the store could not be reached, and the agent stopped; or of an earlier life elsewhere.
  return job.run.state !== "running" || (await isHere(job.run, deps)) ? null : job.from;
}

async function isHere(run: Run, deps: WorkDeps): Promise<boolean> {
  try {
    const { runtime, ref } = handleOf(run);
    return (await deps.runtimeNamed(runtime).list()).some((known) => known.ref === ref);
  } catch (error) {
    deps.log.warn(
      { run: run.id, reason: messageOf(error) },
      "it was not found out whether its agent is here",
    );
    return true;
  }
}

/**
 * Moves the run to where it can go on without the lost `worker`: the queue, or its end. One that can goes on here.
 * `worker` is this one where it was away itself, and its agent did not outlive that; `facts` go with an end.
 */
export async function takeUp(job: Job, worker: string, deps: WorkDeps, facts: RunPatch = {}): Promise<void> {
  const { run } = job;
  const { state } = run;
  deps.log.warn({ run: run.id, attempt: run.attempt, worker, state }, "taking over a run of a lost worker");
  if (!needsItsMachine(run, deps)) return;
  const by = job.cancelledBy();
  const restarts = await restartsOf(run, deps);
  if (by === null && deps.config().lost === "restart" && restarts < MOST_RESTARTS) {
    const effects: NewEffect[] = [statusEffect(run, beginsAnew(run, worker)), ...timeBooked(run)];
    await job.move("queued", { session: null }, effects, { detail: `${LOST} ${worker}` });
    return;
  }
  const outcome: Outcome = by
    ? { kind: "cancelled", by: by.login }
    : failedWith(worker, worker === deps.name, restarts);
  if (state === "publishing") await finish(job, outcome, deps);
  else await job.move("publishing", { ...facts, outcome }, [], { detail: `${LOST} ${worker}` });
}

/** A run that was being prepared is prepared here; an end that leaves nothing to push is told from here. */
function needsItsMachine(run: Run, deps: WorkDeps): boolean {
  if (run.state === "preparing") return false;
  if (run.state !== "publishing") return true;
  return run.outcome?.kind === "completed" && !isReview(run, deps);
}

function isReview(run: Run, deps: WorkDeps): boolean {
  try {
    return deps.agent(run.pool).mode(run.model) === "review";
  } catch {
    return false;
  }
}

/** How often it began anew since a person last asked for it. */
async function restartsOf(run: Run, { store }: WorkDeps): Promise<number> {
  const events = await store.events(run.id);
  const isAskedFor = ({ from, to }: RunEvent) =>
    to === "queued" && !LEASED_STATES.some((state) => state === from);
  const recent = events.slice(events.findLastIndex(isAskedFor) + 1);
  return recent.filter(({ to, detail }) => to === "queued" && detail?.startsWith(LOST)).length;
}

function failedWith(worker: string, isThisOne: boolean, restarts: number): Outcome {
  const again = restarts > 0 ? `, after it had begun anew ${restarts} times` : "";
  const how = isThisOne
    ? "was away for too long, and the agent did not outlive that"
    : "was lost while it had this run";
  const why = `worker ${worker} ${how}${again}`;
  return { kind: "failed", reason: "lost", why, fix: null };
}

/** Whether the run's last agent worked on this machine: else its checkout and session here are older, or none. */
export async function lastWorkedHere(run: Run, { store, name }: WorkDeps): Promise<boolean> {
  if (store.fleet === null) return true;
  return (await store.events(run.id)).findLast(({ to }) => to === "running")?.detail === name;
}
