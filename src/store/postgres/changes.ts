/** One change asked of the store by a person's command, applied to the run as it is now, or a conflict. */
import { canMove, type Run } from "../../model/run.ts";
import { toRun } from "../run-columns.ts";
import type { Change } from "../store.ts";
import type { Context } from "./context.ts";
import { activeRun, ofIssue } from "./queries.ts";
import { type RunRow, updateRun } from "./run-rows.ts";
import type { Transaction } from "./transaction.ts";
import { isLeased, makeRun, moveRun } from "./transition.ts";

/** Thrown to roll back a settlement; becomes its answer. */
export class Conflict extends Error {}

/** A `cancel` is to be applied under the lock of the queue. Throws Conflict. */
export async function applyChange(context: Context, transaction: Transaction, change: Change): Promise<void> {
  switch (change.kind) {
    case "enqueue":
      if (await activeRun(transaction, change.run.repo, change.run.issue.number)) throw new Conflict();
      await makeRun(context, transaction, change.run);
      break;
    case "requeue":
      await requeue(context, transaction, change);
      break;
    case "cancel":
      await cancel(context, transaction, change);
      break;
    case "labels":
      await transaction.run(
        `insert into issue_labels (forge, owner, name, issue, labels) values ($1, $2, $3, $4, $5)
         on conflict (forge, lower(owner), lower(name), issue)
         do update set labels = excluded.labels, owner = excluded.owner, name = excluded.name`,
        ...ofIssue(change.repo, change.issue),
        JSON.stringify(change.labels),
      );
  }
}

async function requeue(
  context: Context,
  transaction: Transaction,
  { runId, answer }: Extract<Change, { kind: "requeue" }>,
): Promise<void> {
  const { run } = await locked(transaction, runId);
  // A leased run has an arrow to the queue too, but that one is its worker's. A blocked run wants its answer.
  if (isLeased(run.state) || !canMove(run.state, "queued")) throw new Conflict();
  if ((run.state === "blocked") !== (answer !== null)) throw new Conflict();
  const active = await activeRun(transaction, run.repo, run.issue.number);
  if (active && active.id !== run.id) throw new Conflict();
  const answers = JSON.stringify(answer ? [...run.answers, answer] : run.answers);
  await moveRun(context, transaction, run, "queued", { answers, cancelled_by: null }, null);
}

async function cancel(
  context: Context,
  transaction: Transaction,
  { runId, by, from }: Extract<Change, { kind: "cancel" }>,
): Promise<void> {
  const { run, place } = await locked(transaction, runId);
  if (from && from !== (isLeased(run.state) ? "leased" : "waiting")) throw new Conflict();
  if (isLeased(run.state)) {
    // The first to cancel is the one named; the worker ends the run.
    if (!run.cancelledBy) await updateRun(transaction, run.id, { cancelled_by: JSON.stringify(by) });
    return;
  }
  if (!canMove(run.state, "cancelled")) throw new Conflict();
  if (run.state === "queued") await context.queue.drop(transaction, place);
  const outcome = JSON.stringify({ kind: "cancelled", by: by.login });
  const columns = { outcome, cancelled_by: JSON.stringify(by) };
  await moveRun(context, transaction, run, "cancelled", columns, by.login);
}

async function locked(transaction: Transaction, id: string): Promise<{ run: Run; place: number }> {
  const row = await transaction.get<RunRow>("select * from runs where id = $1 for update", id);
  if (!row) throw new Conflict();
  return { run: toRun(row), place: row.place };
}
