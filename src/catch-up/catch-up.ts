/**
 * Finds what no webhook brought: neither forge sends one again by itself. At start and then at intervals each forge is
 * asked for what it may not have delivered, and that goes into the inbox as if it had just come. Finding what was served
 * is fine: the store knows it by its key. How far a forge was looked through is kept, and moved on only when all that
 * was found is on disk. Each forge is looked at on its own, so that none waits for another. This room understands no
 * event and decides nothing.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { Forge } from "../forges/forge.ts";
import { messageOf } from "../model/errors.ts";
import type { Store } from "../store/store.ts";
import { pauseAfter } from "./pause.ts";

export interface CatchUpOptions {
  readonly store: Pick<Store, "receive" | "known" | "repositories" | "bookmark" | "setBookmark">;
  readonly forges: ReadonlyMap<string, Forge>;
  /** Milliseconds between two looks at a forge; null: only one at start, tried again until it succeeds. */
  readonly everyMs: number | null;
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
}

/** After a longer absence, nobody waits for an agent any more: a command from before is not served. */
const OLDEST_MS = 7 * 24 * 3_600_000;
/** A look that takes longer is broken off. */
const LOOK_MS = 10 * 60_000;
const CLOSED_PAUSE_MS = 10_000;

export function createCatchUp(options: CatchUpOptions): CatchUp {
  const watches = [...options.forges.values()].map((forge): Watch => ({ forge, failures: 0 }));
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
    await look(watch.forge, options, AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]));
    if (watch.failures > 0) log.info(about, "missed events are looked for again");
    watch.failures = 0;
    return everyMs;
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

async function look(forge: Forge, options: CatchUpOptions, signal: AbortSignal): Promise<void> {
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
  let added = 0;
  for (const delivery of missed.deliveries) if (await store.receive(delivery)) added++;
  if (missed.cursor !== cursor) await store.setBookmark(bookmark, missed.cursor);
  const about = { forge: forge.name, found: missed.deliveries.length, added };
  if (added > 0) log.info(about, "found what webhooks may not have brought");
}

async function paused(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}
