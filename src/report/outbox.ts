/**
 * Brings effects to the forges: in order on each issue, side by side across issues, each once. It decides nothing
 * and writes no prose. An effect stays in the store until it is confirmed, so a crash anywhere here loses none; how
 * it is kept from happening twice is in `deliver.ts` and `hold.ts`. What fails waits for itself (`after-failure.ts`),
 * and a forge in trouble as a whole is left alone (`forge-pause.ts`): an effect that was not begun counts no try.
 * Each forge has places of its own, so that one that hangs holds up no other.
 */
import type { Effect } from "../model/effect.ts";
import { ForgeError, messageOf } from "../model/errors.ts";
import type { Store } from "../store/store.ts";
import { afterFailure } from "./after-failure.ts";
import { type DeliverOptions, deliver, told } from "./deliver.ts";
import { createForgePause, type ForgePause, isForgeTrouble } from "./forge-pause.ts";
import { HOLD_MS, underHold } from "./hold.ts";

export interface OutboxOptions extends DeliverOptions {
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Forges whose effects are to wait, as they refuse our credentials; left out: none. */
  readonly closed?: () => readonly string[];
}

export interface Outbox {
  /** Delivers until aborted; resolves when what was begun has ended. */
  run(signal: AbortSignal): Promise<void>;
  /** Delivers what is due now, and what becomes due by that. For drain and tests. */
  flush(): Promise<void>;
}

const IDLE_MS = 1_000;

/** One forge's places, and what is in them. */
interface Lane {
  readonly forge: string;
  readonly pause: ForgePause;
  readonly active: Map<string, Promise<void>>;
}

export function createOutbox(options: OutboxOptions): Outbox {
  const { store } = options;
  const lanes = [...options.forges.keys()].map(
    (forge): Lane => ({ forge, pause: createForgePause(), active: new Map() }),
  );
  const active = () => lanes.flatMap((lane) => [...lane.active.values()]);
  const begin = async () => {
    const closed = options.closed?.() ?? [];
    const open = lanes.filter(({ forge }) => !closed.includes(forge));
    const begun = await Promise.all(open.map((lane) => fill(lane, options)));
    return begun.some((count) => count > 0);
  };
  return {
    async run(signal) {
      while (!signal.aborted) {
        const turn = new AbortController();
        const until = AbortSignal.any([signal, turn.signal]);
        // Asked for before looking, so that what is added in between is not slept through.
        const change = store.changed("effects", until);
        await guarded(begin, options);
        const idle = pause(store, until);
        await Promise.race([change.catch(() => idle), idle, ...active()]);
        turn.abort();
      }
      await Promise.all(active());
    },
    async flush() {
      while ((await begin()) || active().length > 0) {
        const under = active();
        if (under.length > 0) await Promise.race(under);
      }
    },
  };
}

/** Begins what is due, as far as there are places; how many were begun. */
async function fill(lane: Lane, options: OutboxOptions): Promise<number> {
  const takenAt = options.now();
  const room = lane.pause.most(takenAt) - lane.active.size;
  if (room <= 0) return 0;
  let begun = 0;
  for (const effect of await options.store.takeEffects([lane.forge], room, HOLD_MS)) {
    if (lane.active.has(effect.id)) continue;
    begun += 1;
    const end = bring(effect, takenAt, lane.pause, options).finally(() => lane.active.delete(effect.id));
    lane.active.set(effect.id, end);
  }
  return begun;
}

/** A store that fails is logged and asked again: the outbox outlives it. */
async function guarded(begin: () => Promise<unknown>, { log }: OutboxOptions): Promise<void> {
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
async function bring(
  effect: Effect,
  takenAt: number,
  pause: ForgePause,
  options: OutboxOptions,
): Promise<void> {
  const { store, log } = options;
  const count = pause.count();
  try {
    const ref = await underHold(effect, takenAt, options, (hold) => deliver(effect, options, hold));
    pause.answered(count);
    await store.confirmEffect(effect.id, ref);
  } catch (error) {
    await putOff(effect, error, { takenAt, pause, count }, options).catch((broken) =>
      log.error(
        { ...told(effect), err: broken },
        "recording an effect's end did not work; it is looked for again",
      ),
    );
  }
}

interface Begun {
  readonly takenAt: number;
  readonly pause: ForgePause;
  readonly count: number;
}

async function putOff(
  effect: Effect,
  error: unknown,
  { takenAt, pause, count }: Begun,
  { store, now, log }: OutboxOptions,
): Promise<void> {
  const at = now();
  const forgePauseMs = isForgeTrouble(error) ? pause.failed(effect, error, count, at) : null;
  if (forgePauseMs !== null) {
    const { forge } = effect.repo;
    log.warn({ forge, pauseMs: forgePauseMs, reason: messageOf(error) }, "forge left alone for a while");
  }
  if (error instanceof ForgeError && !error.retryable) pause.answered(count);
  const circumstances = { tookMs: at - takenAt, inTrouble: pause.inTrouble(), forgePauseMs };
  const { reason, pauseMs, known } = afterFailure(effect, error, circumstances);
  if (pauseMs === null) log.warn({ ...told(effect), reason }, "effect given up");
  else log.warn({ ...told(effect), ...(known ? { reason } : { err: error }), pauseMs }, "effect put off");
  await store.delayEffect(effect.id, pauseMs === null ? null : at + pauseMs, reason);
}
