/**
 * What is asked for in the outbox. One row per key, until it is forgotten. An effect's id is the row's id and a
 * version, which counts the replacements of a `status`; only the key is the same for all versions.
 */
import type { Effect, NewEffect } from "../../model/effect.ts";
import { lockKey } from "./address.ts";
import type { Context } from "./context.ts";
import { ofIssue } from "./queries.ts";
import type { Transaction } from "./transaction.ts";

export interface EffectRow {
  readonly id: string;
  readonly version: number;
  readonly key: string;
  readonly forge: string;
  readonly owner: string;
  readonly name: string;
  readonly issue: number;
  readonly run_id: string | null;
  readonly kind: string;
  readonly action: string;
  readonly tries: number;
}

/**
 * The place is given under a lock of the issue's: places of one issue come in the order of the commits, so none is
 * found below one that was given out already.
 */
const ADD = `
  insert into effects
    (place, id, version, key, forge, owner, name, issue, run_id, kind, action, state, due_at, since, tries)
  select nextval('effects_place'), $5, 1, $6, $1, $2, $3, $4, $7, $8, $9, 'waiting', $10, $10, 0
  from (select pg_advisory_xact_lock($11) offset 0) as issue
  on conflict (key) do update set
    version = effects.version + 1, action = excluded.action, state = 'waiting',
    place = case effects.state when 'waiting' then effects.place else excluded.place end,
    due_at = case effects.state when 'waiting' then effects.due_at else excluded.due_at end,
    since = case effects.state when 'waiting' then effects.since else excluded.since end,
    tries = case effects.state when 'confirmed' then 0 else effects.tries end,
    settled_at = null
  where effects.kind = 'status' and excluded.kind = 'status'`;

/** To be called inside the transaction of the change it follows from, after what that changes of runs. */
export async function addEffect(
  { newId, schema }: Context,
  transaction: Transaction,
  effect: NewEffect,
): Promise<void> {
  const { forge, owner, name } = effect.repo;
  const issue = `issue ${forge} ${owner}/${name}#${effect.issue}`.toLowerCase();
  await transaction.run(
    ADD,
    ...ofIssue(effect.repo, effect.issue),
    newId(),
    effect.key,
    effect.runId,
    effect.action.kind,
    JSON.stringify(effect.action),
    transaction.at,
    lockKey(schema, issue),
  );
}

/** `row` as it was before this taking. */
export function toEffect(row: EffectRow): Effect {
  return {
    id: `${row.id}.${row.version}`,
    repo: { forge: row.forge, owner: row.owner, name: row.name },
    issue: row.issue,
    runId: row.run_id,
    key: row.key,
    action: JSON.parse(row.action),
    tries: row.tries,
  };
}
