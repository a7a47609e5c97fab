/**
 * Last step: the final state, and in the same transaction the one final answer, the time, and the end of the status
 * comment. From here on the outbox sees to it that people read it.
 */
import type { NewEffect } from "../model/effect.ts";
import { messageOf } from "../model/errors.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Run, RunState } from "../model/run.ts";
import { answerEffects } from "../report/answer.ts";
import { poolPaused } from "../report/messages.ts";
import { noticeEffect } from "../report/notice.ts";
import type { PoolEnd, PoolState } from "../store/store.ts";
import type { WorkDeps } from "./deps.ts";
import type { Job } from "./job.ts";

const STATE_OF: Readonly<Record<Outcome["kind"], RunState>> = {
  completed: "completed",
  failed: "failed",
  blocked: "blocked",
  cancelled: "cancelled",
  timed_out: "timed_out",
};

export async function finish(job: Job, outcome: Outcome, deps: WorkDeps): Promise<void> {
  // Nothing may edit the status comment after its end.
  await deps.live.end(job.run.id);
  const ended: Run = { ...job.run, outcome, state: STATE_OF[outcome.kind] };
  const pool = poolEnd(ended, outcome, deps);
  const run = await job.move(
    ended.state,
    { outcome, handle: null },
    [...answerEffects(ended), ...timeBooked(ended)],
    { detail: outcome.kind, ...(pool && { pool }) },
  );
  deps.log.info({ run: run.id, attempt: run.attempt, state: run.state }, "run ended");
  if (pool?.result === "quick_failure") await announcePause(run, deps);
}

/** Exact agent seconds of this attempt, 0 when nobody saw its end: its clock is ended anyway. Nothing when it never ran. */
export function timeBooked(run: Run): NewEffect[] {
  const { startedAt, endedAt, repo, issue, id, attempt, outcome } = run;
  if (startedAt === null) return [];
  const work = outcome?.kind === "completed" ? outcome.work : null;
  const end = Math.max(endedAt ?? startedAt, startedAt);
  const seconds = Math.round((end - startedAt) / 1000);
  const ok = outcome?.kind === "completed";
  const action = { kind: "time", seconds, startedAt, endedAt: end, sha: work?.sha ?? null, ok } as const;
  return [{ repo, issue: issue.number, runId: id, key: `time:${id}:${attempt}`, action }];
}

/** What the end says of its pool; undefined when nothing, as of an agent that never started or was lost sight of. */
function poolEnd(run: Run, outcome: Outcome, deps: WorkDeps): PoolEnd | undefined {
  const { failures, windowMs, pauseMs } = deps.config().rates;
  if (run.startedAt === null || run.endedAt === null) return undefined;
  const ours = outcome.kind === "failed" && (outcome.reason === "publish" || outcome.reason === "lost");
  const quick = outcome.kind === "failed" && !ours && run.endedAt - run.startedAt < windowMs;
  return { result: quick ? "quick_failure" : "other", failures, pauseMs };
}

/** Three quick failures in a row pause the pool; whoever waits for it is told. */
async function announcePause(run: Run, deps: WorkDeps): Promise<void> {
  try {
    const pool = (await deps.store.pools()).find((one) => one.pool === run.pool);
    // Counting starts anew with the pause that an end causes; else it was paused before.
    if (pool?.pausedUntil != null && pool.failures === 0) await announce(run, pool, deps);
  } catch (error) {
    deps.log.warn({ pool: run.pool, reason: messageOf(error) }, "a pause of the pool was not announced");
  }
}

async function announce(run: Run, pool: PoolState, deps: WorkDeps): Promise<void> {
  deps.log.warn({ pool: pool.pool, until: pool.pausedUntil }, "pool paused after failures in a row");
  const waiting = await deps.store.runs({ states: ["queued"], pool: pool.pool, limit: 100 });
  const words = poolPaused(pool.pool, deps.config().rates.failures, pool.pausedUntil ?? 0);
  await deps.store.addEffects(
    [run, ...waiting].map((affected) => noticeEffect(affected, `paused:${pool.pausedUntil}`, words)),
  );
}
