/**
 * The two ways a run's state is written: it is made, or it moves. Both write the event beside it and must be called
 * inside a transaction.
 *
 * Agent time: `started_at` and `ended_at` belong to the last attempt, `agent_ms` is the sum over the attempts before
 * it. So a run that goes back to the queue takes its ended attempt into `agent_ms` and starts with a clean clock; an
 * attempt whose end nobody saw adds nothing.
 */
import { canMove, LEASED_STATES, type Run, type RunState, splitAgent } from "../../model/run.ts";
import type { NewRun } from "../store.ts";
import type { Context } from "./context.ts";
import { type RunColumns, updateRun } from "./run-rows.ts";

export function makeRun(context: Context, run: NewRun): void {
  const at = context.now();
  const { pool, model } = splitAgent(run.request.agent);
  context.db.run(
    `insert into runs (id, forge, owner, name, issue, pool, model, priority, place, state, attempt,
       created_at, queued_at, agent_ms, answers, snapshot, set_off, request)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued', 0, ?, ?, 0, '[]', ?, ?, ?)`,
    run.id,
    run.repo.forge,
    run.repo.owner,
    run.repo.name,
    run.issue.number,
    pool,
    model ?? "",
    run.priority,
    nextPlace(context),
    at,
    at,
    JSON.stringify(run.issue),
    JSON.stringify(run.trigger),
    JSON.stringify(run.request),
  );
  writeEvent(context, run.id, 0, null, "queued", null);
}

/** Moves `run` as it was just read. Throws on a wrong arrow. Leaving the leased states drops the lease. */
export function moveRun(
  context: Context,
  run: Run,
  to: RunState,
  columns: RunColumns,
  detail: string | null,
): void {
  if (!canMove(run.state, to)) {
    throw new Error(`moving run ${run.id}: a ${run.state} run cannot become ${to}`);
  }
  updateRun(context.db, run.id, {
    ...(!isLeased(to) && { lease: null, lease_until: null, worker: null }),
    ...columns,
    ...(to === "queued" && backInQueue(context, run, columns)),
    state: to,
  });
  writeEvent(context, run.id, columns.attempt ?? run.attempt, run.state, to, detail);
}

export function isLeased(state: RunState): boolean {
  return LEASED_STATES.some((leased) => leased === state);
}

function backInQueue(context: Context, run: Run, columns: RunColumns): RunColumns {
  const startedAt = columns.started_at ?? run.startedAt;
  const endedAt = columns.ended_at ?? run.endedAt;
  const worked = startedAt === null || endedAt === null ? 0 : Math.max(0, endedAt - startedAt);
  return {
    place: nextPlace(context),
    queued_at: context.now(),
    agent_ms: run.agentMs + worked,
    started_at: null,
    ended_at: null,
    handle: null,
    outcome: null,
    report: null,
  };
}

/** The end of the queue. */
function nextPlace({ db }: Context): number {
  const sql = "update counters set value = value + 1 where name = 'place' returning value";
  return db.get<{ value: number }>(sql)!.value;
}

function writeEvent(
  { db, now }: Context,
  id: string,
  attempt: number,
  from: RunState | null,
  to: RunState,
  detail: string | null,
): void {
  db.run(
    "insert into run_events (run_id, attempt, from_state, to_state, at, detail) values (?, ?, ?, ?, ?, ?)",
    id,
    attempt,
    from,
    to,
    now(),
    detail,
  );
}
