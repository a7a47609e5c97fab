/**
 * Last step: the final state, and in the same transaction the one final answer, the time, and the end of the status
 * comment. From here on the outbox sees to it that people read it.
 */
import type { NewEffect } from "../model/effect.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Run, RunState } from "../model/run.ts";
import { answerEffects } from "../report/answer.ts";
import { poolPaused } from "../report/messages.ts";
import { noticeEffect } from "../report/notice.ts";
import type { PoolState } from "../store/store.ts";
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
  const run = await job.move(
    ended.state,
    { outcome, handle: null },
    [...answerEffects(ended), ...time(ended)],
    outcome.kind,
  );
  deps.log.info({ run: run.id, attempt: run.attempt, state: run.state }, "run ended");
  await countForPool(run, outcome, deps);
}

/** Exact agent seconds of this attempt, 0 when nobody saw its end: its clock is ended anyway. Nothing when it never ran. */
function time(run: Run): NewEffect[] {
  const { startedAt, endedAt, repo, issue, id, attempt, outcome } = run;
  if (startedAt === null) return [];
  const work = outcome?.kind === "completed" ? outcome.work : null;
  const end = endedAt ?? startedAt;
  const seconds = Math.round((end - startedAt) / 1000);
  const ok = outcome?.kind === "completed";
  const action = { kind: "time", seconds, startedAt, endedAt: end, sha: work?.sha ?? null, ok } as const;
  return [{ repo, issue: issue.number, runId: id, key: `time:${id}:${attempt}`, action }];
}

/** Three quick failures in a row pause the pool; whoever waits for it is told. */
async function countForPool(run: Run, outcome: Outcome, deps: WorkDeps): Promise<void> {
  const { rates } = deps.config();
  // An agent that never started says nothing of its pool.
  if (run.startedAt === null || run.endedAt === null) return;
  const ranMs = run.endedAt - run.startedAt;
  const quick = outcome.kind === "failed" && outcome.reason !== "publish" && ranMs < rates.windowMs;
  const state = await deps.store.poolEnd(run.pool, quick ? "quick_failure" : "other", {
    failures: rates.failures,
    pauseMs: rates.pauseMs,
  });
  if (quick && state.pausedUntil !== null) await announcePause(run, state, deps);
}

async function announcePause(run: Run, pool: PoolState, deps: WorkDeps): Promise<void> {
  deps.log.warn({ pool: pool.pool, until: pool.pausedUntil }, "pool paused after failures in a row");
  const waiting = await deps.store.runs({ states: ["queued"], pool: pool.pool, limit: 100 });
  const words = poolPaused(pool.pool, deps.config().rates.failures, pool.pausedUntil ?? 0);
  await deps.store.addEffects(
    [run, ...waiting].map((affected) => noticeEffect(affected, `paused:${pool.pausedUntil}`, words)),
  );
}
