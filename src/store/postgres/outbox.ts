/**
 * Giving effects out. Per issue the oldest waiting effect goes first, and the next not before it is confirmed or given
 * up. `due_at` serves for holds and for delays.
 *
 * Whoever confirms an older version (it was in flight when the newer came) confirms only that: the newer one stays
 * waiting, keeps the count of tries (the comment may be there already) and waits for the older one's end or hold.
 */
import type { Effect } from "../../model/effect.ts";
import type { Store } from "../store.ts";
import { restartHolds } from "./clock.ts";
import type { Context } from "./context.ts";
import { addEffect, type EffectRow, toEffect } from "./effects.ts";
import type { Transaction } from "./transaction.ts";

const TAKE = `
  with due as (
    select place, due_at from effects e
    where state = 'waiting' and forge = any($1) and due_at <= $2 and not exists (
      select 1 from effects o where o.state = 'waiting' and o.forge = e.forge
        and lower(o.owner) = lower(e.owner) and lower(o.name) = lower(e.name)
        and o.issue = e.issue and o.place < e.place)
    order by due_at, place limit $3 for update of e skip locked)
  update effects set due_at = $4, since = $2, tries = tries + 1, taken = version
  from due where effects.place = due.place
  returning effects.*, effects.tries - 1 as tries, due.due_at as was_due`;

type Taken = EffectRow & { readonly was_due: number; readonly place: number };

export function outbox(
  context: Context,
): Pick<Store, "addEffects" | "takeEffects" | "confirmEffect" | "delayEffect" | "pendingEffects"> {
  const { db } = context;
  return {
    async addEffects(effects) {
      await db.transaction(async (transaction) => {
        for (const effect of effects) await addEffect(context, transaction, effect);
        transaction.wake("effects");
      });
    },
    async takeEffects(forges, limit, holdMs) {
      if (forges.length === 0) return [];
      return await db.transaction((transaction) => take(transaction, forges, limit, holdMs), "outbox");
    },
    async confirmEffect(id, ref) {
      await db.transaction((transaction) => confirm(transaction, id, ref));
    },
    async delayEffect(id, at, reason) {
      await db.transaction((transaction) => delay(transaction, id, at, reason));
    },
    async pendingEffects() {
      const sql = "select count(*) as n from effects where state = 'waiting'";
      return (await db.get<{ n: number }>(sql))?.n ?? 0;
    },
  };
}

async function take(
  transaction: Transaction,
  forges: readonly string[],
  limit: number,
  holdMs: number,
): Promise<Effect[]> {
  const { at } = transaction;
  await restartHolds(transaction);
  const taken = await transaction.all<Taken>(TAKE, forges, at, limit, at + holdMs);
  return taken.toSorted((a, b) => a.was_due - b.was_due || a.place - b.place).map(toEffect);
}

async function confirm(transaction: Transaction, effectId: string, ref: string | null): Promise<void> {
  const { row, version } = await find(transaction, effectId);
  // The run first, as whoever moves it does: each would otherwise wait for the other.
  if (row.kind === "status" && row.run_id && ref !== null) {
    await transaction.run("update runs set status_comment = $1 where id = $2", ref, row.run_id);
  }
  const current = await transaction.run(
    "update effects set state = 'confirmed', settled_at = $1 where id = $2 and version = $3 and state = 'waiting'",
    transaction.at,
    row.id,
    version,
  );
  if (current === 0) await release(transaction, row.id, version, transaction.at);
  transaction.wake("effects");
}

async function delay(
  transaction: Transaction,
  effectId: string,
  at: number | null,
  reason: string,
): Promise<void> {
  const { row, version } = await find(transaction, effectId);
  await transaction.run("update effects set reason = $1 where id = $2", reason, row.id);
  const givenUp =
    at === null &&
    (await transaction.run(
      "update effects set state = 'given_up', settled_at = $1 where id = $2 and version = $3 and state = 'waiting'",
      transaction.at,
      row.id,
      version,
    )) === 1;
  if (!givenUp) await release(transaction, row.id, version, at ?? transaction.at);
  transaction.wake("effects");
}

/** Ends the hold of a version, unless a newer one has been taken since. */
async function release(transaction: Transaction, id: string, version: number, dueAt: number): Promise<void> {
  await transaction.run(
    "update effects set due_at = $1, since = $2 where id = $3 and taken = $4 and state = 'waiting'",
    dueAt,
    transaction.at,
    id,
    version,
  );
}

async function find(
  transaction: Transaction,
  effectId: string,
): Promise<{ row: EffectRow; version: number }> {
  const dot = effectId.lastIndexOf(".");
  const row = await transaction.get<EffectRow>("select * from effects where id = $1", effectId.slice(0, dot));
  if (!row) throw new Error(`looking up effect ${effectId}: the store never gave it out`);
  return { row, version: Number(effectId.slice(dot + 1)) };
}
