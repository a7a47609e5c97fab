/** Third step: the agent watched to its end, and the end judged. Also how a run is adopted after a restart. */
import type { AgentEvent, OutputReader } from "../agents/agent.ts";
import { LeaseLost, messageOf, Refusal } from "../model/errors.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Run } from "../model/run.ts";
import { type Ended, judge } from "../outcome/judge.ts";
import { readQuestion } from "../outcome/question.ts";
import { publishingStatus, runningStatus } from "../report/status.ts";
import type { Runtime } from "../runtimes/runtime.ts";
import type { RunPatch } from "../store/store.ts";
import { copyLog, type LogCopy } from "../supervisor/copy-log.ts";
import { createRunLog } from "../supervisor/run-log.ts";
import { type Supervised, type SuperviseRequest, supervise } from "../supervisor/supervise.ts";
import { activityLine } from "./activity.ts";
import type { WorkDeps } from "./deps.ts";
import { handleOf } from "./handle.ts";
import type { Job } from "./job.ts";
import { followLogins, takeBackLogins } from "./logins.ts";
import { takeUp } from "./lost.ts";
import { blockedHosts, closeNetwork, notStarted } from "./network.ts";
import { withTail } from "./tail.ts";

/** False when the agent was left alive, or the lease was lost: then nothing more may be said of the run here. */
export async function watch(job: Job, deps: WorkDeps): Promise<boolean> {
  const { run } = job;
  const { limits } = deps.config();
  const runtime = deps.runtimeNamed(handleOf(run).runtime);
  const { reader, tail } = withTail(await readerOrStop(job, runtime, deps), deps.redact);
  const totalMs = run.request.timeoutMs ?? limits.totalMs;
  const log = createRunLog({ file: deps.logFile(run), maxBytes: limits.logBytes, redact: deps.redact });
  job.logCopy = copyOf(run, deps);
  const folders = deps.workspaces.foldersOf(run);
  const unfollow = followLogins(run, folders, deps);
  let supervised: Supervised | null = null;
  try {
    supervised = await supervise(superviseRequest(job, { runtime, reader, log, totalMs }, deps));
  } catch (error) {
    if (job.lost.aborted || job.left.aborted) throw error;
    // The supervisor has stopped the agent: an agent that nobody watches must not work on.
    const full = error instanceof Error && "code" in error && error.code === "ENOSPC";
    const fix = full ? "Free some space on the bot's disk." : null;
    throw new Refusal(`watching the agent: ${messageOf(error)}; it was stopped`, fix, { cause: error });
  } finally {
    log.close();
    unfollow();
    if (supervised?.ended !== "left") takeBackLogins(run, folders, deps);
  }
  const { ended } = supervised;
  // Stopped for a lost lease: nobody adopts it, and what it left says nothing of how the run ended.
  if (ended === "lost" && job.lost.reason instanceof LeaseLost) await forget(job, deps);
  if (ended === "lost") await closeNetwork(job.run, deps);
  if (ended === "lost" || ended === "left") return false;
  await job.logCopy?.catchUp();
  await recordEnd(job, { ...supervised, ended }, tail(), totalMs, deps);
  return true;
}

type Parts = Pick<SuperviseRequest, "runtime" | "reader" | "log"> & { readonly totalMs: number };

function superviseRequest(job: Job, { totalMs, ...parts }: Parts, deps: WorkDeps): SuperviseRequest {
  const { run, cancelled, lost, left } = job;
  const { idleMs, graceMs, outputBytes } = deps.config().limits;
  const startedAt = run.startedAt ?? deps.now();
  const adopted = job.startedTick === null;
  // The wall clock tells how long an adopted agent has worked, and it may have been set back meanwhile.
  job.startedTick ??= deps.ticks() - Math.max(0, deps.now() - startedAt);
  return {
    ...parts,
    handle: handleOf(run),
    limits: { totalMs, idleMs, graceMs, outputBytes },
    startedAt,
    startedTick: job.startedTick,
    ticks: deps.ticks,
    adopted,
    cancelled,
    lost,
    left,
    watchDisk: (end) =>
      deps.disk.watch({
        folders: Object.values(deps.workspaces.foldersOf(run)),
        limitBytes: deps.config().limits.diskBytes,
        end,
      }),
    onEvent: (event) =>
      void onEvent(event, job, deps).catch((error) =>
        deps.log.warn({ run: run.id, reason: messageOf(error) }, "an agent's event was not told"),
      ),
  };
}

/** Where other machines read the log too. */
function copyOf(run: Run, { store: { fleet }, logFile, log }: WorkDeps): LogCopy | null {
  if (fleet === null) return null;
  const warn = (reason: string) => log.warn({ run: run.id, reason }, "the log was not copied; trying again");
  return copyLog({ file: logFile(run), runId: run.id, attempt: run.attempt, fleet, warn });
}

/**
 * Has the runtime forget the agent that ended: its container, its raw output. Its handle is kept until the run's last
 * move, so a crash before this is made good by the next process. What can not be forgotten holds up no answer.
 */
export async function forget({ run }: Job, deps: WorkDeps): Promise<void> {
  if (run.handle === null) return;
  try {
    const handle = handleOf(run);
    await deps.runtimeNamed(handle.runtime).remove(handle);
  } catch (error) {
    deps.log.warn({ run: run.id, reason: messageOf(error) }, "an ended agent could not be removed");
  }
  await closeNetwork(run, deps);
}

/** An agent that is not configured any more can not be read, so it is not left to work on either. */
async function readerOrStop({ run }: Job, runtime: Runtime, deps: WorkDeps): Promise<OutputReader> {
  try {
    return deps.agent(run.pool).reader();
  } catch (error) {
    const handle = handleOf(run);
    await runtime.stop(handle, deps.config().limits.graceMs);
    await runtime.remove(handle);
    await closeNetwork(run, deps);
    throw error;
  }
}

async function recordEnd(
  job: Job,
  supervised: Supervised & { readonly ended: Ended },
  logTail: readonly string[],
  totalMs: number,
  deps: WorkDeps,
): Promise<void> {
  const { run } = job;
  const { exit, ended, startedAt, endedAt } = supervised;
  const folders = deps.workspaces.foldersOf(run);
  await closeNetwork(run, deps);
  const blocked = blockedHosts(run, deps);
  if (blocked?.length) deps.log.info({ run: run.id, blocked }, "a run was not let to hosts it asked for");
  // Before anything is made of them: in Markdown a secret may be escaped, and cut it is no more to be found.
  const clean = (text: string | null) => (text === null ? null : deps.redact(text));
  const { failure, lastMessage } = supervised.result;
  const result = { ...supervised.result, failure: clean(failure), lastMessage: clean(lastMessage) };
  const judgement =
    (ended === "exit" && notStarted(run, exit, deps)) ||
    judge({
      exit,
      result,
      ended,
      question: clean(await readQuestion(folders.checkout)),
      cancelledBy: job.cancelledBy()?.login ?? null,
      diskBytes: deps.config().limits.diskBytes,
      limitMs: ended === "idle" ? deps.config().limits.idleMs : totalMs,
      agentMs: endedAt - startedAt,
    });
  const outcome: Outcome =
    judgement.kind === "publish" ? { kind: "completed", work: null, review: null } : judgement;
  // Of an agent that nobody saw end, nobody knows how long it worked: that it is noticed now is no reason to book it.
  const isLost = outcome.kind === "failed" && outcome.reason === "lost";
  const facts: RunPatch = {
    startedAt,
    ...(isLost ? {} : { endedAt }),
    session: result.session ?? run.session,
    report: {
      exit: isLost ? null : exit,
      lastMessage: result.lastMessage,
      logTail,
      usage: result.usage,
      ...(blocked && { blocked }),
    },
  };
  if (isLost && deps.store.fleet !== null) {
    await forget(job, deps);
    await takeUp(job, deps.name, deps, facts);
    if (job.run.state !== "publishing") return;
  } else await job.move("publishing", { ...facts, outcome }, [], { detail: outcome.kind });
  await deps.live.update(job.run, publishingStatus(job.run));
}

async function onEvent(event: AgentEvent, job: Job, deps: WorkDeps): Promise<void> {
  if (event.kind === "session" && event.id !== job.run.session)
    await job.note({ session: event.id }).catch(() => {});
  const text = activityLine(event);
  if (text === null) return;
  const at = deps.now();
  const workedMs = deps.ticks() - (job.startedTick ?? deps.ticks());
  const body = () =>
    runningStatus(job.run, {
      now: (job.run.startedAt ?? at) + workedMs,
      activity: { text: deps.redact(text), at },
      hidden: job.hidden,
      blocked: blockedHosts(job.run, deps) ?? [],
    });
  await deps.live.update(job.run, body).catch(() => {});
}
