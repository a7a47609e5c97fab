/**
 * Brings effects to the forges: in order on each issue, side by side across issues, each once. It decides nothing
 * and writes no prose. An effect stays in the store until it is confirmed, so a crash anywhere here loses none; how
 * it is kept from happening twice is in `deliver.ts`.
 */
import { createHash } from "node:crypto";
import type { Effect } from "../model/effect.ts";
import { ForgeError, messageOf } from "../model/errors.ts";
import type { Store } from "../store/store.ts";
import { type DeliverOptions, deliver, isRefused, told } from "./deliver.ts";

export interface OutboxOptions extends DeliverOptions {
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export interface Outbox {
  /** Delivers until aborted; resolves when what was begun has ended. */
  run(signal: AbortSignal): Promise<void>;
  /** Delivers what is due now, and what becomes due by that. For drain and tests. */
  flush(): Promise<void>;
}

const AT_ONCE = 16;
/** Longer than any delivery takes, so that no second worker begins it; a crashed one's is taken up after it. */
const HOLD_MS = 60_000;
const IDLE_MS = 1_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 600_000;
/** Pauses of 1 s, 2 s, … 512 s, then 10 min each: together about 24 hours. */
const MOST_TRIES = 152;

export function createOutbox(options: OutboxOptions): Outbox {
  const { store } = options;
  const active = new Map<string, Promise<void>>();

  /** Begins what is due; how many were begun. */
  async function begin(): Promise<number> {
    const room = AT_ONCE - active.size;
    if (room <= 0) return 0;
    let begun = 0;
    for (const effect of await store.takeEffects(room, HOLD_MS)) {
      if (active.has(effect.id)) continue;
      begun += 1;
      active.set(
        effect.id,
        bring(effect, options).finally(() => active.delete(effect.id)),
      );
    }
    return begun;
  }

  return {
    async run(signal) {
      while (!signal.aborted) {
        const turn = new AbortController();
        const until = AbortSignal.any([signal, turn.signal]);
        // Asked for before looking, so that what is added in between is not slept through.
        const change = store.changed("effects", until);
        await guarded(begin, options);
        const idle = pause(store, until);
        await Promise.race([change.catch(() => idle), idle, ...active.values()]);
        turn.abort();
      }
      await Promise.all(active.values());
    },
    async flush() {
      while ((await begin()) > 0 || active.size > 0) await Promise.race(active.values());
    },
  };
}

/** A store that fails is logged and asked again: the outbox outlives it. */
async function guarded(begin: () => Promise<number>, { log }: OutboxOptions): Promise<void> {
  try {
    await begin();
  } catch (error) {
    log.error({ err: error }, "taking effects from the store did not work; tried again in a second");
  }
}

/** Put-off effects come due without a change in the store: then a second, else for ever. */
async function pause(store: Store, signal: AbortSignal): Promise<void> {
  const pending = await store.pendingEffects().catch(() => 1);
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = pending > 0 ? setTimeout(resolve, IDLE_MS) : null;
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  if (timer) clearTimeout(timer);
}

/** One effect to its confirmation, or put off, or given up. Never throws. */
async function bring(effect: Effect, options: OutboxOptions): Promise<void> {
  const { store, log } = options;
  try {
    try {
      const ref = await deliver(effect, options);
      await store.confirmEffect(effect.id, ref);
    } catch (error) {
      await putOff(effect, error, options);
    }
  } catch (error) {
    log.error(
      { ...told(effect), err: error },
      "recording an effect's end did not work; it is looked for again",
    );
  }
}

async function putOff(effect: Effect, error: unknown, { store, now, log }: OutboxOptions): Promise<void> {
  const reason = messageOf(error);
  const permanent = isPermanent(effect, error);
  if (permanent || effect.tries >= MOST_TRIES) {
    log.warn({ ...told(effect), reason }, "effect given up");
    await store.delayEffect(effect.id, null, reason);
    return;
  }
  const pauseMs = pauseAfter(effect, error);
  const known = error instanceof ForgeError ? { reason } : { err: error };
  log.warn({ ...told(effect), ...known, pauseMs }, "effect put off");
  await store.delayEffect(effect.id, now() + pauseMs, reason);
}

/** The clock is a courtesy. */
function isPermanent(effect: Effect, error: unknown): boolean {
  return effect.action.kind === "stopwatch" || isRefused(error);
}

/** Doubles with each try; spread by a quarter so that many do not come back at once. The forge may ask for more. */
function pauseAfter(effect: Effect, error: unknown): number {
  const base = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(effect.tries, 20));
  const byte = createHash("sha256").update(`${effect.key} ${effect.tries}`).digest()[0] ?? 0;
  const asked = error instanceof ForgeError ? (error.retryAfterMs ?? 0) : 0;
  return Math.max(asked, Math.round(base * (0.75 + byte / 512)));
}
