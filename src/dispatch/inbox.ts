/**
 * Works the inbox off. Deliveries of one issue are handled in order, those of different issues side by side: a forge
 * that hangs for one issue does not hold up the rest, however many deliveries of that issue wait. A delivery that
 * could not be handled (the forge was down) is tried again with growing pauses, and what came after it on the same
 * issue waits behind it. Each delivery is read once to learn its issue, and once more for each try; of one that waits
 * nothing but its id is kept. Deliveries of a forge that is closed (its token was revoked) stay where they are until it
 * is open again. Nothing that goes wrong, not even a store that fails, ends the loop.
 */
import { setTimeout as sleep, setImmediate as turnOfOthers } from "node:timers/promises";
import { ForgeError, messageOf } from "../model/errors.ts";
import { repoName } from "../model/run.ts";
import type { DeliveryId } from "../store/store.ts";
import { type DispatchDeps, dispatch, giveUp, type Parsed, read, setAside } from "./dispatch.ts";
import { isFinal, isOurs } from "./failure.ts";

export interface InboxDeps extends DispatchDeps {
  readonly now: () => number;
  /** How many issues of a forge are looked after at once. */
  readonly parallel: number;
  /** Whether anything may be asked of this forge now; without it, always. */
  readonly open?: (forge: string) => boolean;
  /** Resolves when a forge is open again, or when aborted; may do so for nothing. Needed with `open`. */
  readonly opened?: (signal: AbortSignal) => Promise<void>;
}

interface Chain {
  readonly forge: string;
  /** Oldest first; the one in front is not taken away before it is settled. */
  readonly waiting: DeliveryId[];
  busy: boolean;
  /** Epoch milliseconds before which the chain is left alone. */
  until: number;
  failures: number;
  /** How often the delivery in front failed for a reason that is ours. */
  broken: number;
}

interface Desk {
  readonly chains: Map<string, Chain>;
  /** Up to where the inbox was read. */
  last: DeliveryId | null;
  readonly running: Set<Promise<void>>;
  /** How many of them are each forge's, so that one that hangs does not hold up another. */
  readonly taken: Map<string, number>;
  /** Told at the end of each job, so that one that ends while the inbox is still read is not missed. */
  jobEnded: () => void;
}

const PAGE = 64;
const MAX_PAUSE_MS = 60_000;
const STORE_PAUSE_MS = 1000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Tries of a delivery that fails for a reason that is ours: about two minutes, then somebody is told. */
const MOST_BROKEN = 8;

/** Runs until aborted; resolves when what was begun has ended. */
export async function workInbox(deps: InboxDeps, signal: AbortSignal): Promise<void> {
  const desk: Desk = {
    chains: new Map(),
    last: null,
    running: new Set(),
    taken: new Map(),
    jobEnded: () => {},
  };
  while (!signal.aborted) {
    // Asked for before the inbox is read, so that a delivery that arrives in between is not slept through.
    const turn = new AbortController();
    const until = AbortSignal.any([signal, turn.signal]);
    const change = Promise.race([
      deps.store.changed("deliveries", until),
      ...(deps.opened ? [deps.opened(until)] : []),
    ]);
    const job = Promise.withResolvers<void>();
    desk.jobEnded = job.resolve;
    const at = deps.now();
    const well = await begin(desk, at, deps).catch((error) => {
      deps.log.error({ reason: messageOf(error) }, "the inbox could not be read; trying again");
      return false;
    });
    const pause = well ? pauseEnd(desk.chains, at, deps.now(), until) : paused(STORE_PAUSE_MS, until);
    await Promise.race(well ? [change, pause, job.promise] : [pause]);
    turn.abort();
  }
  await Promise.allSettled(desk.running);
}

/** Reads what is new, a page at a time, and begins what is due; other work has its turn between the pages. */
async function begin(desk: Desk, at: number, deps: InboxDeps): Promise<true> {
  for (;;) {
    const page = await deps.store.nextDeliveries(PAGE, desk.last);
    for (const delivery of page) {
      const parsed = await read(delivery, deps);
      if (parsed) enrol(desk, parsed);
      desk.last = { forge: delivery.forge, id: delivery.id };
    }
    beginDue(desk, at, deps);
    if (page.length < PAGE) return true;
    await turnOfOthers();
  }
}

/** Of each chain the oldest, as far as its forge is open and has places free. */
function beginDue(desk: Desk, at: number, deps: InboxDeps): void {
  for (const [key, chain] of desk.chains) {
    if (deps.open?.(chain.forge) === false) continue;
    const taken = desk.taken.get(chain.forge) ?? 0;
    if (chain.busy || chain.until > at || taken >= deps.parallel) continue;
    chain.busy = true;
    desk.taken.set(chain.forge, taken + 1);
    const job = handle(chain, deps).finally(() => {
      // All in one go: the inbox may be read between any two steps, and must not find the chain half ended.
      chain.busy = false;
      desk.running.delete(job);
      desk.taken.set(chain.forge, (desk.taken.get(chain.forge) ?? 1) - 1);
      // To the end of the line, so that a long chain does not go before the others each time.
      desk.chains.delete(key);
      if (chain.waiting.length > 0) desk.chains.set(key, chain);
      desk.jobEnded();
    });
    desk.running.add(job);
  }
}

/** Never rejects. */
async function handle(chain: Chain, deps: InboxDeps): Promise<void> {
  const which = chain.waiting[0] as DeliveryId;
  try {
    const delivery = await deps.store.delivery(which);
    const parsed = delivery && (await read(delivery, deps));
    if (parsed) await dispatchOrSetAside(parsed, chain, deps);
    chain.waiting.shift();
    chain.failures = chain.broken = 0;
  } catch (error) {
    chain.failures++;
    const asked = error instanceof ForgeError ? (error.retryAfterMs ?? 0) : 0;
    const pause = Math.max(asked, Math.min(MAX_PAUSE_MS, 1000 * 2 ** (chain.failures - 1)));
    chain.until = deps.now() + pause;
    putOff(which, pause, error, deps);
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

function putOff({ forge, id }: DeliveryId, pause: number, error: unknown, deps: InboxDeps): void {
  deps.log.warn({ forge, delivery: id, pauseMs: pause, reason: messageOf(error) }, "delivery put off");
}

/** Behind the others of its issue. Deliveries that concern no issue of ours need no order among themselves. */
function enrol({ chains }: Desk, { delivery, events }: Parsed): void {
  const { forge, id } = delivery;
  const first = events[0];
  const key = first
    ? `${first.repo.forge} ${repoName(first.repo).toLowerCase()}#${first.issue.number}`
    : `${forge} ${id}`;
  const chain = chains.get(key) ?? { forge, waiting: [], busy: false, until: 0, failures: 0, broken: 0 };
  chain.waiting.push({ forge, id });
  chains.set(key, chain);
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

/** Shorter than asked for where no timer lasts as long: the inbox is then looked at for nothing. */
async function paused(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.min(Math.max(0, ms), LONGEST_TIMER_MS), undefined, { signal }).catch(() => {});
}
