/**
 * Works the inbox off. Deliveries of one issue are handled in order, those of different issues side by side: a forge
 * that hangs for one issue does not hold up the rest, however many deliveries of that issue wait. A delivery that
 * could not be handled (the forge was down) is tried again with growing pauses, and what came after it on the same
 * issue waits behind it. Nothing that goes wrong, not even a store that fails, ends the loop.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { ForgeError, messageOf } from "../model/errors.ts";
import type { Delivery } from "../model/event.ts";
import { repoName } from "../model/run.ts";
import { type DispatchDeps, dispatch, giveUp, type Parsed, read, setAside } from "./dispatch.ts";
import { isFinal, isOurs } from "./failure.ts";

export interface InboxDeps extends DispatchDeps {
  readonly now: () => number;
  /** How many issues are looked after at once. */
  readonly parallel: number;
}

interface Chain {
  busy: boolean;
  /** Epoch milliseconds before which the chain is left alone. */
  until: number;
  failures: number;
  /** How often the delivery in front failed for a reason that is ours. */
  broken: number;
}

interface Desk {
  readonly chains: Map<string, Chain>;
  readonly running: Set<Promise<void>>;
  /** Told at the end of each job, so that one that ends while the inbox is still read is not missed. */
  jobEnded: () => void;
}

const MAX_PAUSE_MS = 60_000;
const STORE_PAUSE_MS = 1000;
/** Tries of a delivery that fails for a reason that is ours: about two minutes, then somebody is told. */
const MOST_BROKEN = 8;

/** Runs until aborted; resolves when what was begun has ended. */
export async function workInbox(deps: InboxDeps, signal: AbortSignal): Promise<void> {
  const desk: Desk = { chains: new Map(), running: new Set(), jobEnded: () => {} };
  while (!signal.aborted) {
    // Asked for before the inbox is read, so that a delivery that arrives in between is not slept through.
    const turn = new AbortController();
    const until = AbortSignal.any([signal, turn.signal]);
    const change = deps.store.changed("deliveries", until);
    const job = Promise.withResolvers<void>();
    desk.jobEnded = job.resolve;
    const at = deps.now();
    const well = await begin(desk, at, deps).catch((error) => {
      deps.log.error({ reason: messageOf(error) }, "the inbox could not be read; trying again");
      return false;
    });
    forgetIdle(desk.chains);
    const pause = well ? pauseEnd(desk.chains, at, deps.now(), until) : paused(STORE_PAUSE_MS, until);
    await Promise.race(well ? [change, pause, job.promise] : [pause]);
    turn.abort();
  }
  await Promise.allSettled(desk.running);
}

/** Begins what is due, of each chain the oldest. Reads on for as long as what it has read has to wait. */
async function begin(desk: Desk, at: number, deps: InboxDeps): Promise<true> {
  const { chains, running } = desk;
  // A job may end while the inbox is read; what was passed over behind it still goes before what comes after.
  const seen = new Set<Chain>();
  for (let limit = deps.parallel * 4; ; limit *= 2) {
    const deliveries = await deps.store.nextDeliveries(limit);
    for (const delivery of deliveries) {
      if (running.size >= deps.parallel) return true;
      const parsed = await read(delivery, deps);
      if (!parsed) continue;
      const chain = chainOf(chains, parsed);
      if (seen.has(chain)) continue;
      seen.add(chain);
      if (chain.busy || chain.until > at) continue;
      chain.busy = true;
      const job = handle(parsed, chain, deps).finally(() => {
        running.delete(job);
        desk.jobEnded();
      });
      running.add(job);
    }
    if (deliveries.length < limit) return true;
  }
}

/** Never rejects. */
async function handle(parsed: Parsed, chain: Chain, deps: InboxDeps): Promise<void> {
  try {
    await dispatchOrSetAside(parsed, chain, deps);
    chain.failures = chain.broken = 0;
  } catch (error) {
    chain.failures++;
    const asked = error instanceof ForgeError ? (error.retryAfterMs ?? 0) : 0;
    const pause = Math.max(asked, Math.min(MAX_PAUSE_MS, 1000 * 2 ** (chain.failures - 1)));
    chain.until = deps.now() + pause;
    putOff(parsed.delivery, pause, error, deps);
  } finally {
    chain.busy = false;
  }
}

async function dispatchOrSetAside(parsed: Parsed, chain: Chain, deps: InboxDeps): Promise<void> {
  try {
    await dispatch(parsed, deps);
  } catch (error) {
    if (isFinal(error)) return void (await setAside(parsed.delivery, messageOf(error), deps));
    if (!isOurs(error) || ++chain.broken < MOST_BROKEN) throw error;
    await giveUp(parsed.delivery, error, deps);
  }
}

function putOff(delivery: Delivery, pause: number, error: unknown, deps: InboxDeps): void {
  const told = { forge: delivery.forge, delivery: delivery.id, pauseMs: pause, reason: messageOf(error) };
  deps.log.warn(told, "delivery put off");
}

/** Deliveries that concern no issue of ours need no order among themselves. */
function chainOf(chains: Map<string, Chain>, { delivery, events }: Parsed): Chain {
  const first = events[0];
  const key = first
    ? `${first.repo.forge} ${repoName(first.repo).toLowerCase()}#${first.issue.number}`
    : `${delivery.forge} ${delivery.id}`;
  const chain = chains.get(key) ?? { busy: false, until: 0, failures: 0, broken: 0 };
  chains.set(key, chain);
  return chain;
}

function forgetIdle(chains: Map<string, Chain>): void {
  for (const [key, chain] of chains) if (!chain.busy && chain.failures === 0) chains.delete(key);
}

/**
 * Resolves at the end of the shortest pause that was not over at `at`; never, when there is none. One that was over
 * then and still waits has no free place, which the end of a job makes.
 */
function pauseEnd(
  chains: ReadonlyMap<string, Chain>,
  at: number,
  now: number,
  signal: AbortSignal,
): Promise<void> {
  const pauses = [...chains.values()]
    .filter((chain) => !chain.busy && chain.until > at)
    .map((chain) => chain.until);
  return pauses.length === 0 ? new Promise(() => {}) : paused(Math.min(...pauses) - now, signal);
}

async function paused(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.max(0, ms), undefined, { signal }).catch(() => {});
}
