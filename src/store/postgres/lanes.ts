/**
 * Which lanes of the queue are closed to a worker now. A lane is all queued runs of one pool, model, repository and
 * keeper; it is closed when its pool is paused or full, its model or repository full, its forge closed, or its
 * workspaces kept by another worker that lives. The cost is the number of lanes and of leased runs, never the length
 * of the queue.
 */
import type { RunState } from "../../model/run.ts";
import type { Caps } from "../store.ts";
import type { Transaction } from "./transaction.ts";

interface Place {
  readonly pool: string;
  readonly model: string;
  readonly forge: string;
  readonly owner: string;
  readonly name: string;
}

interface Leased extends Place {
  readonly state: RunState;
}

interface Lane extends Place {
  readonly lane: string;
  /** The living worker that has the workspaces of these runs; '' when none has. */
  readonly keeper: string;
}

export interface Look {
  readonly frozen: boolean;
  readonly paused: readonly string[];
  readonly living: readonly string[];
  readonly leased: readonly Leased[];
  readonly lanes: readonly Lane[];
}

/** Jumps from lane to lane in the index instead of reading the queue. */
const LOOK = `
  with recursive heads as (
    (select lane, id from runs where state = 'queued' order by lane limit 1)
    union all
    select next.lane, next.id from heads, lateral (
      select lane, id from runs where state = 'queued' and lane > heads.lane order by lane limit 1) as next
  )
  select
    (select value = 1 from settings where name = 'frozen') as frozen,
    (select coalesce(json_agg(pool), '[]') from pools where paused_until > $1) as paused,
    (select coalesce(json_agg(name), '[]') from workers where lives_until > $1) as living,
    (select coalesce(json_agg(json_build_object('pool', pool, 'model', model, 'forge', forge, 'owner', owner,
       'name', name, 'state', state)), '[]') from runs where lease is not null) as leased,
    (select coalesce(json_agg(json_build_object('lane', runs.lane, 'pool', pool, 'model', model, 'forge', forge,
       'owner', owner, 'name', name, 'keeper', case when workspace is null then '' else coalesce(keeper, '') end)),
       '[]') from heads join runs on runs.id = heads.id) as lanes`;

export async function look(transaction: Transaction): Promise<Look> {
  return (await transaction.get<Look>(LOOK, transaction.at))!;
}

/** Null when all of them are. */
export function closedLanes(
  { paused, living, lanes, ...seen }: Look,
  worker: string,
  caps: Caps,
  closedForges: readonly string[],
): readonly string[] | null {
  // No agent works for a run that only waits for its forge to say how it ended.
  const leased = seen.leased.filter(
    ({ state, forge }) => !(state === "publishing" && closedForges.includes(forge)),
  );
  if (isFull(leased.length, caps.total)) return null;
  const repositories = counts(leased, repositoryKey);
  const pools = counts(leased, ({ pool }) => pool);
  const models = counts(leased, modelKey);
  const isClosed = (lane: Lane) =>
    closedForges.includes(lane.forge) ||
    paused.includes(lane.pool) ||
    (lane.keeper !== "" && lane.keeper !== worker && living.includes(lane.keeper)) ||
    isFull(pools.get(lane.pool), own(caps.pools, lane.pool) ?? caps.perPool) ||
    isFull(models.get(modelKey(lane)), own(caps.models, modelKey(lane)) ?? null) ||
    isFull(repositories.get(repositoryKey(lane)), caps.perRepository);
  const closed = lanes.filter(isClosed);
  return closed.length === lanes.length ? null : closed.map(({ lane }) => lane);
}

function counts(leased: readonly Place[], keyOf: (place: Place) => string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const place of leased) found.set(keyOf(place), (found.get(keyOf(place)) ?? 0) + 1);
  return found;
}

function isFull(load: number | undefined, cap: number | null): boolean {
  return cap !== null && (load ?? 0) >= cap;
}

/** A pool may be called "constructor". */
function own(caps: Readonly<Record<string, number>>, key: string): number | undefined {
  return Object.hasOwn(caps, key) ? caps[key] : undefined;
}

function modelKey({ pool, model }: Place): string {
  return `${pool}:${model}`;
}

function repositoryKey({ forge, owner, name }: Place): string {
  return `${forge} ${owner}/${name}`.toLowerCase();
}
