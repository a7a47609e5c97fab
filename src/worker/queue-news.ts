/** Tells queued runs where they stand whenever the queue moved: what is ahead of them, and why they wait. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { Config } from "../config/config.ts";
import { messageOf } from "../model/errors.ts";
import { LEASED_STATES, type Run, repoName } from "../model/run.ts";
import type { LiveStatus } from "../report/live-status.ts";
import { queuedStatus, type Wait } from "../report/status.ts";
import type { PoolState, Store } from "../store/store.ts";

export interface QueueNewsDeps {
  readonly store: Store;
  readonly config: () => Config;
  readonly live: LiveStatus;
}

/** Runs further back than this are told when they come nearer. */
const TOLD = 50;
const TELL_MS = 5_000;

export function queueNews(deps: QueueNewsDeps): () => Promise<void> {
  const told = new Map<string, string>();
  return async () => {
    const queued = await deps.store.runs({ states: ["queued"], order: "next", limit: TOLD });
    const alive = new Set(queued.map((run) => run.id));
    for (const id of told.keys()) if (!alive.has(id)) told.delete(id);
    if (queued.length === 0) return;
    const why = await reasons(deps);
    for (const run of queued) {
      const body = queuedStatus(run, { ahead: await deps.store.ahead(run.id), wait: why(run) });
      if (told.get(run.id) === body) continue;
      told.set(run.id, body);
      await deps.live.update(run, body);
    }
  };
}

/** Tells again whenever the queue moves, and at intervals, as pauses end by the clock. Until aborted; never rejects. */
export async function keepTelling(
  tell: () => Promise<void>,
  store: Pick<Store, "changed">,
  log: Pick<Logger, "warn">,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const turn = new AbortController();
    const until = AbortSignal.any([signal, turn.signal]);
    const change = store.changed("queue", until);
    await tell().catch((error) => log.warn({ reason: messageOf(error) }, "the queue could not be told"));
    await Promise.race([change, sleep(TELL_MS, undefined, { signal: until }).catch(() => {})]);
    turn.abort();
  }
}

/** Why a run waits though nothing is ahead of it: the first reason that holds. */
export async function reasons(
  deps: Pick<QueueNewsDeps, "store" | "config">,
): Promise<(run: Run) => Wait | null> {
  if (await deps.store.frozen()) return () => ({ kind: "frozen" });
  const pools = new Map((await deps.store.pools()).map((pool) => [pool.pool, pool]));
  const leased = await deps.store.runs({ states: LEASED_STATES });
  return (run) =>
    paused(pools.get(run.pool)) ?? (isCapped(run, leased, deps.config()) ? { kind: "cap" } : null);
}

function paused(pool: PoolState | undefined): Wait | null {
  return pool?.pausedUntil ? { kind: "paused", pool: pool.pool, until: pool.pausedUntil } : null;
}

function isCapped(run: Run, leased: readonly Run[], { caps }: Config): boolean {
  const count = (same: (other: Run) => boolean) => leased.filter(same).length;
  const full = (cap: number | null | undefined, same: (other: Run) => boolean) =>
    cap != null && count(same) >= cap;
  const model = caps.models[`${run.pool}:${run.model}`];
  return (
    full(caps.total, () => true) ||
    full(caps.pools[run.pool] ?? caps.perPool, (other) => other.pool === run.pool) ||
    full(model, (other) => other.pool === run.pool && other.model === run.model) ||
    full(caps.perRepository, (other) => placeOf(other) === placeOf(run))
  );
}

/** Forges do not tell repositories apart by case. */
function placeOf({ repo }: Run): string {
  return `${repo.forge} ${repoName(repo).toLowerCase()}`;
}
