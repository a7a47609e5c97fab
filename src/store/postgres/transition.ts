/**
 * The two ways a run's state is written: it is made, or it moves. Both write the event beside it, and a run that
 * enters the queue gets its job in the same transaction. Who moves a run has locked its row.
 *
 * Agent time: `started_at` and `ended_at` belong to the last attempt, `agent_ms` is the sum over the attempts before
 * it. So a run that goes back to the queue takes its ended attempt into `agent_ms` and starts with a clean clock; an
 * attempt whose end nobody saw adds nothing.
 */
import { canMove, LEASED_STATES, type Run, type RunState, splitAgent } from "../../model/run.ts";
import { toRun } from "../run-columns.ts";
import type { NewRun } from "../store.ts";
import type { Context } from "./context.ts";
import { type RunColumns, type RunRow, updateRun } from "./run-rows.ts";
import type { Transaction } from "./transaction.ts";

export async function makeRun({ queue }: Context, transaction: Transaction, run: NewRun): Promise<void> {
  const { pool, model } = splitAgent(run.request.agent);
  const row = await transaction.get<RunRow>(
    `insert into runs (id, forge, owner, name, issue, pool, model, priority, place, state, attempt,
       created_at, queued_at, agent_ms, answers, snapshot, set_off, request)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'queued', 0, $10, $10, 0, '[]', $11, $12, $13) returning *`,
    run.id,
    run.repo.forge,
    run.repo.owner,
    run.repo.name,
    run.issue.number,
    pool,
    model ?? "",
    run.priority,
    await nextPlace(transaction),
    transaction.at,
    JSON.stringify(run.issue),
    JSON.stringify(run.trigger),
    JSON.stringify(run.request),
  );
  await queue.put(transaction, [row!]);
  await writeEvent(transaction, run.id, 0, null, "queued", null);
}

/** Moves `run` as it was just read. Throws on a wrong arrow. Leaving the leased states drops the lease. */
export async function moveRun(
  { queue }: Context,
  transaction: Transaction,
  run: Run,
  to: RunState,
  columns: RunColumns,
  detail: string | null,
): Promise<Run> {
  if (!canMove(run.state, to)) {
    throw new Error(`moving run ${run.id}: a ${run.state} run cannot become ${to}`);
  }
  const row = await updateRun(transaction, run.id, {
    ...(!isLeased(to) && { lease: null, lease_until: null, lease_ms: null, worker: null }),
    ...columns,
    ...(to === "queued" && (await backInQueue(transaction, run, columns))),
    state: to,
  });
  if (to === "queued") await queue.put(transaction, [row]);
  await writeEvent(transaction, run.id, row.attempt, run.state, to, detail);
  return toRun(row);
}

export function isLeased(state: RunState): boolean {
  return LEASED_STATES.some((leased) => leased === state);
}

async function backInQueue(transaction: Transaction, run: Run, columns: RunColumns): Promise<RunColumns> {
  const startedAt = columns.started_at ?? run.startedAt;
  const endedAt = columns.ended_at ?? run.endedAt;
  const worked = startedAt === null || endedAt === null ? 0 : Math.max(0, endedAt - startedAt);
  return {
    place: await nextPlace(transaction),
    queued_at: transaction.at,
    agent_ms: run.agentMs + worked,
    started_at: null,
    ended_at: null,
    handle: null,
    outcome: null,
    report: null,
  };
}

/**
 * The end of the queue: the microsecond, or one more than the last when that is not past. Others who want a place wait
 * until this transaction is over, so places come in the order of the commits.
 */
async function nextPlace(transaction: Transaction): Promise<number> {
  const row = await transaction.get<{ value: number }>(
    "update counters set value = greatest(value + 1, $1::bigint) where name = 'place' returning value",
    Math.round(transaction.at * 1_000),
  );
  return row!.value;
}

async function writeEvent(
  transaction: Transaction,
  id: string,
  attempt: number,
  from: RunState | null,
  to: RunState,
  detail: string | null,
): Promise<void> {
  await transaction.run(
    "insert into run_events (run_id, attempt, from_state, to_state, at, detail) values ($1, $2, $3, $4, $5, $6)",
    id,
    attempt,
    from,
    to,
    transaction.at,
    detail,
  );
}
