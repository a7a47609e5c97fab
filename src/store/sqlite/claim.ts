/**
 * Which queued run goes next. A lane is the queue of one (pool, model); the claim walks the lanes, skips those that
 * are full or paused, looks at the head of each repository in the open ones, and takes the best. Its cost is the
 * number of lanes and of leased runs, never the length of the queue.
 */
import type { Caps, Claim, Store } from "../store.ts";
import { keepLeaseTime } from "./clock.ts";
import type { Context } from "./context.ts";
import { isFrozen, pausedPools } from "./pools.ts";
import { runById } from "./queries.ts";
import { moveRun } from "./transition.ts";

interface Head {
  readonly pool: string;
  readonly model: string;
  readonly forge: string;
  readonly owner: string;
  readonly name: string;
  readonly priority: number;
  readonly place: number;
  readonly run_id: string;
}

/** How many leased runs there are of everything that has a cap. */
interface Load {
  total: number;
  readonly repositories: Map<string, number>;
  readonly pools: Map<string, number>;
  readonly models: Map<string, number>;
}

export function claiming(context: Context): Pick<Store, "claim"> {
  return {
    claim: async (worker, caps, leaseMs, closed = []) =>
      context.db.transaction(() => {
        const head = isFrozen(context.db) ? null : nextHead(context, caps, closed);
        if (!head) return null;
        keepLeaseTime(context, leaseMs);
        return lease(context, head.run_id, worker, leaseMs);
      }),
  };
}

function lease(context: Context, runId: string, worker: string, leaseMs: number): Claim {
  const token = context.newId();
  const run = runById(context.db, runId)!;
  const columns = {
    attempt: run.attempt + 1,
    lease: token,
    lease_until: context.now() + leaseMs,
    worker,
  };
  moveRun(context, run, "preparing", columns, worker);
  return { run: runById(context.db, runId)!, lease: { runId, token }, from: null };
}

function nextHead(context: Context, caps: Caps, closed: readonly string[]): Head | null {
  const load = currentLoad(context, closed);
  if (isFull(load.total, caps.total)) return null;
  const paused = pausedPools(context);
  let best: Head | null = null;
  for (const first of lanes(context)) {
    if (paused.has(first.pool) || laneFull(first, caps, load)) continue;
    const head = firstAllowed(context, first, caps, load, closed);
    if (head && (!best || goesBefore(head, best))) best = head;
  }
  return best;
}

/** Without the runs that only wait for a closed forge to say how they ended: no agent works for them. */
function currentLoad({ db }: Context, closed: readonly string[]): Load {
  const load: Load = { total: 0, repositories: new Map(), pools: new Map(), models: new Map() };
  const leased = db.all<Head>(
    `select pool, model, forge, owner, name from runs where lease is not null
       and not (state = 'publishing' and forge in (select value from json_each(?)))`,
    JSON.stringify(closed),
  );
  for (const run of leased) {
    load.total += 1;
    count(load.repositories, repositoryKey(run));
    count(load.pools, run.pool);
    count(load.models, modelKey(run));
  }
  return load;
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** The head of each lane, found by jumping from lane to lane in the index. */
function* lanes({ db }: Context): Generator<Head> {
  let head = db.get<Head>(firstHead(""));
  while (head) {
    yield head;
    // Not `(pool, model) > (?, ?)`: SQLite answers that by reading the rest of the pool's heads.
    head =
      db.get<Head>(firstHead("where pool = ? and model > ?"), head.pool, head.model) ??
      db.get<Head>(firstHead("where pool > ?"), head.pool);
  }
}

function firstHead(where: string): string {
  return `select * from queue_heads indexed by queue_heads_order ${where}
    order by pool, model, priority desc, place limit 1`;
}

function laneFull(lane: Head, caps: Caps, load: Load): boolean {
  const poolCap = own(caps.pools, lane.pool) ?? caps.perPool;
  const modelCap = own(caps.models, modelKey(lane)) ?? null;
  return isFull(load.pools.get(lane.pool), poolCap) || isFull(load.models.get(modelKey(lane)), modelCap);
}

/** A repository has one head in a lane, so one more open head than there are full repositories is always enough. */
function firstAllowed(
  { db }: Context,
  first: Head,
  caps: Caps,
  load: Load,
  closed: readonly string[],
): Head | null {
  const full = (head: Head) => isFull(load.repositories.get(repositoryKey(head)), caps.perRepository);
  if (!full(first) && !closed.includes(first.forge)) return first;
  const heads = db.all<Head>(
    `select * from queue_heads indexed by queue_heads_order where pool = ? and model = ?
       and forge not in (select value from json_each(?))
     order by priority desc, place limit ?`,
    first.pool,
    first.model,
    JSON.stringify(closed),
    load.repositories.size + 1,
  );
  return heads.find((head) => !full(head)) ?? null;
}

function isFull(load: number | undefined, cap: number | null): boolean {
  return cap !== null && (load ?? 0) >= cap;
}

function goesBefore(a: Head, b: Head): boolean {
  return a.priority > b.priority || (a.priority === b.priority && a.place < b.place);
}

/** A pool may be called "constructor". */
function own(caps: Readonly<Record<string, number>>, key: string): number | undefined {
  return Object.hasOwn(caps, key) ? caps[key] : undefined;
}

function modelKey({ pool, model }: Head): string {
  return `${pool}:${model}`;
}

function repositoryKey({ forge, owner, name }: Head): string {
  return `${forge} ${owner}/${name}`.toLowerCase();
}
