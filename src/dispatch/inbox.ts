/**
 * Works the inbox off. Deliveries of one issue are handled in order, those of different issues side by side: a forge
 * that hangs for one issue does not hold up the rest. A delivery that could not be handled (the forge was down) is
 * tried again with growing pauses, and what came after it on the same issue waits behind it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../model/errors.ts";
import type { Delivery } from "../model/event.ts";
import { repoName } from "../model/run.ts";
import { type DispatchDeps, dispatch, isFinal, type Parsed, read, setAside } from "./dispatch.ts";

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
}

const MAX_PAUSE_MS = 60_000;

/** Runs until aborted; resolves when what was begun has ended. */
export async function workInbox(deps: InboxDeps, signal: AbortSignal): Promise<void> {
  const chains = new Map<string, Chain>();
  const running = new Set<Promise<void>>();
  while (!signal.aborted) {
    // Asked for before the inbox is read, so that a delivery that arrives in between is not slept through.
    const turn = new AbortController();
    const change = deps.store.changed("deliveries", AbortSignal.any([signal, turn.signal]));
    for (const delivery of await deps.store.nextDeliveries(deps.parallel * 4 + chains.size)) {
      if (running.size >= deps.parallel) break;
      const parsed = await read(delivery, deps);
      if (!parsed) continue;
      const chain = chainOf(chains, parsed);
      if (chain.busy || chain.until > deps.now()) continue;
      chain.busy = true;
      const job = handle(parsed, chain, deps).finally(() => running.delete(job));
      running.add(job);
    }
    forgetIdle(chains);
    await Promise.race([change, pauseEnd(chains, deps.now(), turn.signal), ...running]);
    turn.abort();
  }
  await Promise.allSettled(running);
}

async function handle(parsed: Parsed, chain: Chain, deps: InboxDeps): Promise<void> {
  try {
    await dispatch(parsed, deps);
    chain.failures = 0;
  } catch (error) {
    if (isFinal(error)) return void (await setAside(parsed.delivery, messageOf(error), deps));
    chain.failures++;
    const pause = Math.min(MAX_PAUSE_MS, 1000 * 2 ** (chain.failures - 1));
    chain.until = deps.now() + pause;
    putOff(parsed.delivery, pause, error, deps);
  } finally {
    chain.busy = false;
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
  const chain = chains.get(key) ?? { busy: false, until: 0, failures: 0 };
  chains.set(key, chain);
  return chain;
}

function forgetIdle(chains: Map<string, Chain>): void {
  for (const [key, chain] of chains) if (!chain.busy && chain.failures === 0) chains.delete(key);
}

/** Resolves at the end of the shortest pause; never, when there is none. */
function pauseEnd(chains: ReadonlyMap<string, Chain>, now: number, signal: AbortSignal): Promise<unknown> {
  const pauses = [...chains.values()]
    .filter((chain) => !chain.busy && chain.until > 0)
    .map((chain) => chain.until);
  if (pauses.length === 0) return new Promise(() => {});
  return sleep(Math.max(0, Math.min(...pauses) - now), undefined, { signal }).catch(() => {});
}
