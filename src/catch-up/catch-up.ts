/**
 * Finds what no webhook brought: neither forge sends one again by itself. At start and then at intervals each forge is
 * asked for what it may not have delivered, and that goes into the inbox as if it had just come. Finding what was served
 * is fine: the store knows it by its key, and it is left out. How far a forge was looked through is kept, and moved on only when all that
 * was found is on disk. Each forge is looked at on its own, so that none waits for another. This room understands no
 * event and decides nothing.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { Forge, Missed } from "../forges/forge.ts";
import { messageOf } from "../model/errors.ts";
import type { Delivery } from "../model/event.ts";
import type { Store } from "../store/store.ts";
import { pauseAfter, pauseBefore } from "./pause.ts";

export interface CatchUpOptions {
  readonly store: Pick<Store, "receive" | "known" | "seen" | "repositories" | "bookmark" | "setBookmark">;
  readonly forges: ReadonlyMap<string, Forge>;
  /** Milliseconds between two looks at a forge; null: only one at start, tried again until nothing is left to look at. */
  readonly everyMs: number | null;
  /** Milliseconds until a look that was not through goes on; two seconds when left out. */
  readonly goOnMs?: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Pick<Logger, "info" | "warn">;
  /** Whether anything may be asked of this forge now; without it, always. */
  readonly open?: (forge: string) => boolean;
  /** Resolves when a forge is open again, or when aborted; may do so for nothing. Without it, that is looked up. */
  readonly opened?: (signal: AbortSignal) => Promise<void>;
}

export interface CatchUp {
  /** Looks until aborted. Never rejects. Two processes may do it at once, though one is enough. */
  run(signal: AbortSignal): Promise<void>;
  /** One look at each open forge. Never rejects: what goes wrong is in the log. */
  once(): Promise<void>;
}

/** A forge that is looked at. */
interface Watch {
  readonly forge: Forge;
  /** Looks in a row that failed. */
  failures: number;
  /** Looks in a row that could not look at everything, and what the last of them said of it. */
  troubled: number;
  trouble: string | null;
}

/** After a longer absence, nobody waits for an agent any more: a command from before is not served. */
const OLDEST_MS = 7 * 24 * 3_600_000;
/** A look that takes longer is broken off. Adapters stop by themselves well before, and the next look goes on there. */
const LOOK_MS = 10 * 60_000;
/** The forge has time for others between a look that was not through and the one that goes on. */
const GO_ON_MS = 2_000;
const CLOSED_PAUSE_MS = 10_000;

export function createCatchUp(options: CatchUpOptions): CatchUp {
  const watches = [...options.forges.values()].map(
    (forge): Watch => ({ forge, failures: 0, troubled: 0, trouble: null }),
  );
  const isOpen = ({ forge }: Watch) => options.open?.(forge.name) !== false;
  const opened = options.opened ?? ((signal) => paused(CLOSED_PAUSE_MS, signal));

  async function keepLooking(watch: Watch, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (!isOpen(watch)) {
        await opened(signal);
        continue;
      }
      const pause = await lookOnce(watch, options, signal);
      if (pause === null) return;
      await paused(pause, signal);
    }
  }

  return {
    run: async (signal) => void (await Promise.all(watches.map((watch) => keepLooking(watch, signal)))),
    async once() {
      const never = new AbortController().signal;
      await Promise.all(watches.filter(isOpen).map((watch) => lookOnce(watch, options, never)));
    },
  };
}

/** Milliseconds until the next look; null when there is none. */
async function lookOnce(watch: Watch, options: CatchUpOptions, signal: AbortSignal): Promise<number | null> {
  const { log, everyMs } = options;
  const about = { forge: watch.forge.name };
  try {
    const missed = await look(watch.forge, options, AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]));
    if (watch.failures > 0) log.info(about, "missed events are looked for again");
    watch.failures = 0;
    tellTrouble(watch, missed, log);
    return pauseBefore(missed, watch.troubled, everyMs, options.goOnMs ?? GO_ON_MS);
  } catch (error) {
    if (signal.aborted) return null;
    watch.failures++;
    // Once in a row: a forge that is down for a night says nothing new.
    if (watch.failures === 1)
      log.warn(
        { ...about, reason: messageOf(error) },
        "looking for missed events did not work; trying again",
      );
    return pauseAfter(watch.failures, error);
  }
}

/** Once for the same trouble: a repository that is broken for a week says nothing new. */
function tellTrouble(watch: Watch, { trouble = null, through }: Missed, log: CatchUpOptions["log"]): void {
  const about = { forge: watch.forge.name };
  // Of a look in several parts, only the last tells that nothing is wrong any more.
  if (trouble === null && through === false) return;
  watch.troubled = trouble === null ? 0 : watch.troubled + 1;
  if (trouble !== null && trouble !== watch.trouble)
    log.warn({ ...about, reason: trouble }, "a part of the forge could not be looked at; trying again");
  else if (trouble === null && watch.trouble !== null)
    log.info(about, "all of the forge can be looked at again");
  watch.trouble = trouble;
}

async function look(forge: Forge, options: CatchUpOptions, signal: AbortSignal): Promise<Missed> {
  const { store, now, log } = options;
  const bookmark = `catch-up:${forge.name}`;
  const cursor = await store.bookmark(bookmark);
  const missed = await forge.missed({
    cursor,
    notBefore: now() - OLDEST_MS,
    repositories: await store.repositories(forge.name),
    known: (ids) => store.known(forge.name, ids),
    now: now(),
    signal,
  });
  const unseen = await withoutSeen(missed.deliveries, forge, store);
  let added = 0;
  for (const delivery of unseen) if (await store.receive(delivery)) added++;
  if (missed.cursor !== cursor) await store.setBookmark(bookmark, missed.cursor);
  const about = { forge: forge.name, found: unseen.length, added };
  if (added > 0) log.info(about, "found what webhooks may not have brought");
  return missed;
}

/** What was settled before, under whatever id, is not stored again. What nobody can read is left to the inbox. */
async function withoutSeen(
  deliveries: readonly Delivery[],
  forge: Forge,
  store: CatchUpOptions["store"],
): Promise<readonly Delivery[]> {
  const keys = deliveries.map((delivery) => keysOf(delivery, forge));
  const seen = await store.seen(keys.flat());
  return deliveries.filter((_, n) => keys[n]?.length === 0 || !keys[n]?.every((key) => seen.has(key)));
}

function keysOf(delivery: Delivery, forge: Forge): readonly string[] {
  try {
    return forge.parse(delivery).map(({ key }) => key);
  } catch {
    return [];
  }
}

async function paused(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}
