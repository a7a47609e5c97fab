/**
 * The outbox. One row per key, until it is forgotten. Per issue the oldest waiting effect goes first, and the next not before it
 * is confirmed or given up. `due_at` serves for holds and for delays.
 *
 * An effect's id is the row's id and a version, which counts the replacements of a `status`. Whoever confirms an
 * older version (it was in flight when the newer came) confirms only that: the newer one stays waiting, keeps the
 * count of tries (the comment may be there already) and waits for the older one's end or hold. Only the key is the
 * same for all versions.
 */
import type { Effect, NewEffect } from "../../model/effect.ts";
import type { Store } from "../store.ts";
import { restartHolds } from "./clock.ts";
import type { Context } from "./context.ts";
import { updateRun } from "./run-rows.ts";

interface EffectRow {
  readonly place: number;
  readonly due_at: number;
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

const ADD = `
  insert into effects (place, id, version, key, forge, owner, name, issue, run_id, kind, action, state, due_at, tries, since)
  values ((select coalesce(max(place), 0) + 1 from effects), ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting', ?, 0, ?)
  on conflict (key) do update set
    version = version + 1, action = excluded.action, state = 'waiting',
    place = case state when 'waiting' then place else excluded.place end,
    due_at = case state when 'waiting' then due_at else excluded.due_at end,
    since = case state when 'waiting' then since else excluded.since end,
    tries = case state when 'confirmed' then 0 else tries end,
    settled_at = null
  where kind = 'status' and excluded.kind = 'status'`;

const DUE = `
  select * from effects e indexed by effects_due
  where state = 'waiting' and forge = ? and due_at <= ? and not exists (
    select 1 from effects o indexed by effects_by_issue where o.state = 'waiting' and o.forge = e.forge
      and o.owner = e.owner and o.name = e.name and o.issue = e.issue and o.place < e.place)
  order by due_at, place limit ?`;

const GIVE_UP = "update effects set state = 'given_up', settled_at = ? where id = ? and state = 'waiting'";
const TAKE = "update effects set due_at = ?, since = ?, tries = tries + 1, taken = version where id = ?";

/** To be called inside the transaction of the change it follows from. */
export function addEffect({ db, now, newId }: Context, effect: NewEffect): void {
  const at = now();
  db.run(
    ADD,
    newId(),
    effect.key,
    effect.repo.forge,
    effect.repo.owner,
    effect.repo.name,
    effect.issue,
    effect.runId,
    effect.action.kind,
    JSON.stringify(effect.action),
    at,
    at,
  );
}

export function outbox(
  context: Context,
): Pick<Store, "addEffects" | "takeEffects" | "confirmEffect" | "delayEffect" | "pendingEffects"> {
  const { db, wakeUps } = context;
  return {
    async addEffects(effects) {
      db.transaction(() => {
        for (const effect of effects) addEffect(context, effect);
      });
      wakeUps.wake("effects");
    },
    takeEffects: async (forges, limit, holdMs) => db.transaction(() => take(context, forges, limit, holdMs)),
    async confirmEffect(id, ref) {
      db.transaction(() => confirm(context, id, ref));
      wakeUps.wake("effects");
    },
    async delayEffect(id, at, reason) {
      db.transaction(() => delay(context, id, at, reason));
      wakeUps.wake("effects");
    },
    async pendingEffects() {
      return db.get<{ n: number }>("select count(*) as n from effects where state = 'waiting'")?.n ?? 0;
    },
  };
}

function take(context: Context, forges: readonly string[], limit: number, holdMs: number): Effect[] {
  const { db, now } = context;
  const at = now();
  restartHolds(context);
  const due = forges
    .flatMap((forge) => db.all<EffectRow>(DUE, forge, at, limit))
    .toSorted((a, b) => a.due_at - b.due_at || a.place - b.place)
    .slice(0, limit);
  for (const { id } of due) db.run(TAKE, at + holdMs, at, id);
  return due.map((row) => ({
    id: `${row.id}.${row.version}`,
    repo: { forge: row.forge, owner: row.owner, name: row.name },
    issue: row.issue,
    runId: row.run_id,
    key: row.key,
    action: JSON.parse(row.action),
    tries: row.tries,
  }));
}

function confirm(context: Context, effectId: string, ref: string | null): void {
  const { db, now } = context;
  const { row, version } = find(context, effectId);
  if (row.kind === "status" && row.run_id && ref !== null) {
    updateRun(db, row.run_id, { status_comment: ref });
  }
  const current = db.run(
    "update effects set state = 'confirmed', settled_at = ? where id = ? and version = ? and state = 'waiting'",
    now(),
    row.id,
    version,
  );
  if (current === 0) release(context, row.id, version, now());
}

function delay(context: Context, effectId: string, at: number | null, reason: string): void {
  const { db, now } = context;
  const { row, version } = find(context, effectId);
  db.run("update effects set reason = ? where id = ?", reason, row.id);
  const givenUp = at === null && version === row.version;
  if (givenUp) db.run(GIVE_UP, now(), row.id);
  else release(context, row.id, version, at ?? now());
}

/** Ends the hold of a version, unless a newer one has been taken since. */
function release({ db, now }: Context, id: string, version: number, dueAt: number): void {
  const sql = "update effects set due_at = ?, since = ? where id = ? and taken = ? and state = 'waiting'";
  db.run(sql, dueAt, now(), id, version);
}

function find({ db }: Context, effectId: string): { row: EffectRow; version: number } {
  const dot = effectId.lastIndexOf(".");
  const row = db.get<EffectRow>("select * from effects where id = ?", effectId.slice(0, dot));
  if (!row) throw new Error(`looking up effect ${effectId}: the store never gave it out`);
  return { row, version: Number(effectId.slice(dot + 1)) };
}
