/**
 * What comes of a delivery, in one transaction. Decisions were taken on what was read before, so everything they
 * rest on is locked and checked again here; when it has changed, nothing is written and the caller decides anew.
 * Of two processes that settle the same at once, the second waits for the first at the delivery's row or at a key.
 */
import type { Change, Settled, Settlement, Store } from "../store.ts";
import { applyChange, Conflict } from "./changes.ts";
import type { Context } from "./context.ts";
import { addEffect } from "./effects.ts";
import { DatabaseFault } from "./fault.ts";
import { ONE_ACTIVE } from "./rules.ts";
import type { Transaction } from "./transaction.ts";

const WAKES = { enqueue: "queue", requeue: "queue", cancel: "cancels", labels: null } as const;

export function settling(context: Context): Pick<Store, "settle"> {
  return {
    async settle(settlement) {
      // A cancel may take a job off the queue, which must not be looked through meanwhile.
      const lock = settlement.changes.some(({ kind }) => kind === "cancel") ? "queue" : undefined;
      try {
        return await context.db.transaction((transaction) => apply(context, transaction, settlement), lock);
      } catch (error) {
        if (error instanceof Conflict) return "conflict";
        if (error instanceof DatabaseFault && error.constraint === ONE_ACTIVE) return "conflict";
        throw error;
      }
    },
  };
}

async function apply(context: Context, transaction: Transaction, settlement: Settlement): Promise<Settled> {
  const { delivery, keys, changes, effects } = settlement;
  // A settled body is of no more use; the id stays until it is forgotten, to know the delivery when it comes again.
  const open = await transaction.run(
    "update deliveries set settled_at = $1, body = '' where forge = $2 and id = $3 and settled_at is null",
    transaction.at,
    delivery.forge,
    delivery.id,
  );
  if (open === 0) return await settledBefore(transaction, delivery);
  if (!(await keep(transaction, keys))) return "seen";
  for (const change of changes) await applyChange(context, transaction, change);
  for (const effect of effects) await addEffect(context, transaction, effect);
  wake(transaction, changes, effects.length > 0);
  return "done";
}

/** False when one was there: then none is kept. The order is the same for all, so that nobody waits in a circle. */
async function keep(transaction: Transaction, keys: readonly string[]): Promise<boolean> {
  const all = [...new Set(keys)].toSorted();
  if (all.length === 0) return true;
  const kept = await transaction.all<{ key: string }>(
    `insert into seen_keys select key from unnest($1::text[]) with ordinality as given (key, at) order by at
     on conflict do nothing returning key`,
    all,
  );
  if (kept.length === all.length) return true;
  await transaction.run(
    "delete from seen_keys where key = any($1)",
    kept.map(({ key }) => key),
  );
  return false;
}

async function settledBefore(
  transaction: Transaction,
  { forge, id }: Settlement["delivery"],
): Promise<Settled> {
  const sql = "select 1 from deliveries where forge = $1 and id = $2";
  if (await transaction.get(sql, forge, id)) return "seen";
  throw new Error(`settling delivery ${id} of ${forge}: it was never received`);
}

function wake(transaction: Transaction, changes: readonly Change[], anyEffect: boolean): void {
  for (const { kind } of changes) {
    const what = WAKES[kind];
    if (what) transaction.wake(what);
  }
  if (anyEffect) transaction.wake("effects");
}
