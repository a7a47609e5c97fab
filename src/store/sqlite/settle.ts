/**
 * What comes of a delivery, in one transaction. Decisions were taken on what was read before, so everything they
 * rest on is checked again here; when it has changed, nothing is written and the caller decides anew.
 */
import { canMove, type Run } from "../../model/run.ts";
import type { Change, Settled, Settlement, Store } from "../store.ts";
import type { Context } from "./context.ts";
import { addEffect } from "./effects.ts";
import { activeRun, runById } from "./queries.ts";
import { updateRun } from "./run-rows.ts";
import { isLeased, makeRun, moveRun } from "./transition.ts";

/** Thrown to roll back; never leaves this file. */
class Conflict extends Error {}

export function settling(context: Context): Pick<Store, "settle"> {
  return {
    async settle(settlement) {
      try {
        const settled = context.db.transaction(() => apply(context, settlement));
        if (settled === "done") wake(context, settlement);
        return settled;
      } catch (error) {
        if (error instanceof Conflict) return "conflict";
        throw error;
      }
    },
  };
}

function wake({ wakeUps }: Context, { changes, effects }: Settlement): void {
  const kinds = new Set(changes.map((change) => change.kind));
  if (kinds.has("enqueue") || kinds.has("requeue")) wakeUps.wake("queue");
  if (kinds.has("cancel")) wakeUps.wake("cancels");
  if (effects.length > 0) wakeUps.wake("effects");
}

function apply(context: Context, { delivery, keys, changes, effects }: Settlement): Settled {
  const { db } = context;
  // A settled body is of no more use; the id stays until it is forgotten, to know the delivery when it comes again.
  const open = db.run(
    "update deliveries set settled_at = ?, body = '' where forge = ? and id = ? and settled_at is null",
    context.now(),
    delivery.forge,
    delivery.id,
  );
  if (open === 0) return settledBefore(context, delivery);
  if (keys.some((key) => db.get("select 1 from seen_keys where key = ?", key))) return "seen";
  for (const key of keys) db.run("insert or ignore into seen_keys values (?)", key);
  for (const change of changes) applyChange(context, change);
  for (const effect of effects) addEffect(context, effect);
  return "done";
}

function settledBefore({ db }: Context, { forge, id }: Settlement["delivery"]): Settled {
  if (db.get("select 1 from deliveries where forge = ? and id = ?", forge, id)) return "seen";
  throw new Error(`settling delivery ${id} of ${forge}: it was never received`);
}

function applyChange(context: Context, change: Change): void {
  switch (change.kind) {
    case "enqueue":
      if (activeRun(context.db, change.run.repo, change.run.issue.number)) throw new Conflict();
      makeRun(context, change.run);
      break;
    case "requeue":
      requeue(context, change);
      break;
    case "cancel":
      cancel(context, change);
      break;
    case "labels":
      context.db.run(
        "insert or replace into issue_labels values (?, ?, ?, ?, ?)",
        change.repo.forge,
        change.repo.owner,
        change.repo.name,
        change.issue,
        JSON.stringify(change.labels),
      );
  }
}

function requeue(context: Context, { runId, answer }: Extract<Change, { kind: "requeue" }>): void {
  const run = existing(context, runId);
  // A leased run has an arrow to the queue too, but that one is its worker's. A blocked run wants its answer.
  if (isLeased(run.state) || !canMove(run.state, "queued")) throw new Conflict();
  if ((run.state === "blocked") !== (answer !== null)) throw new Conflict();
  const active = activeRun(context.db, run.repo, run.issue.number);
  if (active && active.id !== run.id) throw new Conflict();
  const answers = answer ? [...run.answers, answer] : run.answers;
  moveRun(context, run, "queued", { answers: JSON.stringify(answers), cancelled_by: null }, null);
}

function cancel(context: Context, { runId, by, from }: Extract<Change, { kind: "cancel" }>): void {
  const run = existing(context, runId);
  if (from && from !== (isLeased(run.state) ? "leased" : "waiting")) throw new Conflict();
  if (isLeased(run.state)) {
    // The first to cancel is the one named; the worker ends the run.
    if (!run.cancelledBy) updateRun(context.db, run.id, { cancelled_by: JSON.stringify(by) });
    return;
  }
  if (!canMove(run.state, "cancelled")) throw new Conflict();
  const outcome = JSON.stringify({ kind: "cancelled", by: by.login });
  moveRun(context, run, "cancelled", { outcome, cancelled_by: JSON.stringify(by) }, by.login);
}

function existing({ db }: Context, id: string): Run {
  const run = runById(db, id);
  if (!run) throw new Conflict();
  return run;
}
