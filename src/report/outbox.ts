/**
 * Brings effects to the forges: in order on each issue, side by side across issues, each once. It decides nothing
 * and writes no prose. An effect stays in the store until it is confirmed, so a crash anywhere here loses none; how
 * it is kept from happening twice is in `deliver.ts` and `hold.ts`. What fails waits for itself (`after-failure.ts`),
 * and a forge in trouble as a whole is left alone (`forge-pause.ts`): an effect that was not begun counts no try.
 * Each forge has places of its own (`lane.ts`), so that one that hangs holds up no other; what was for a forge that is
 * not configured any more is given up (`former-forges.ts`).
 */
import type { Forge } from "../forges/forge.ts";
import type { Effect } from "../model/effect.ts";
import { ForgeError, messageOf } from "../model/errors.ts";
import type { Store } from "../store/store.ts";
import { afterFailure } from "./after-failure.ts";
import { type DeliverOptions, deliver, told } from "./deliver.ts";
import { isForgeTrouble } from "./forge-pause.ts";
import { formerForges, giveUpFor } from "./former-forges.ts";
import { HOLD_MS, underHold } from "./hold.ts";
import { createLane, type Lane, type Turn } from "./lane.ts";

export interface OutboxOptions extends DeliverOptions {
  readonly forges: ReadonlyMap<string, Forge>;
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

export function createOutbox(options: OutboxOptions): Outbox {
  const { store } = options;
  const lanes = [...options.forges.values()].map(createLane);
  let former: readonly string[] | null = null;
  const active = () => lanes.flatMap((lane) => [...lane.active.values()]);
  const begin = async () => {
    const closed = options.closed?.() ?? [];
    const open = lanes.filter(({ forge }) => !closed.includes(forge.name));
    const begun = await Promise.all(open.map((lane) => fill(lane, options)));
    former ??= await formerForges(options);
    begun.push(await giveUpFor(former, options));
    return begun.some((count) => count > 0);
  };
  return {
    async run(signal) {
      while (!signal.aborted) {
        const turn = new AbortController();
        const until = AbortSignal.any([signal, turn.signal]);
        // Asked for before looking, so that what is added in between is not slept through.
        const change = store.changed("effects", until);
        await guarded(begin, options, signal);
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

/** Begins what is due, as far as there are places; how many were begun, or put back because of their owner. */
async function fill(lane: Lane, options: OutboxOptions): Promise<number> {
  const { store, now } = options;
  const takenAt = now();
  const room = lane.room(takenAt);
  if (room <= 0) return 0;
  const taken = await store.takeEffects([lane.forge.name], room, HOLD_MS);
  const begun = taken.filter(({ id }) => !lane.active.has(id));
  const putBack: Promise<void>[] = [];
  for (const effect of begun) {
    const until = lane.leftAloneUntil(effect, takenAt);
    if (until !== null) {
      putBack.push(store.delayEffect(effect.id, until, "its owner is left alone for a while"));
      continue;
    }
    const end = bring(effect, takenAt, lane.begin(effect), options);
    lane.active.set(
      effect.id,
      end.finally(() => lane.active.delete(effect.id)),
    );
  }
  await Promise.all(putBack);
  return begun.length;
}

/** A store that fails is logged and asked again: the outbox outlives it. One that is being closed may fail. */
async function guarded(
  begin: () => Promise<unknown>,
  { log }: OutboxOptions,
  signal: AbortSignal,
): Promise<void> {
  try {
    await begin();
  } catch (error) {
    if (signal.aborted) return;
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
async function bring(effect: Effect, takenAt: number, turn: Turn, options: OutboxOptions): Promise<void> {
  const { store, log } = options;
  try {
    const ref = await underHold(effect, takenAt, options, (hold) =>
      deliver(effect, turn.forge, options, hold),
    );
    turn.answered();
    await store.confirmEffect(effect.id, ref);
  } catch (error) {
    await putOff(effect, error, takenAt, turn, options).catch((broken) =>
      log.error(
        { ...told(effect), err: broken },
        "recording an effect's end did not work; it is looked for again",
      ),
    );
  } finally {
    turn.over();
  }
}

async function putOff(
  effect: Effect,
  error: unknown,
  takenAt: number,
  turn: Turn,
  { store, now, log }: OutboxOptions,
): Promise<void> {
  const at = now();
  const leftAlone = isForgeTrouble(error) ? turn.failed(error, at) : null;
  if (leftAlone !== null) {
    const { ms: pauseMs, owner } = leftAlone;
    const whose = { forge: effect.repo.forge, ...(owner !== null && { owner }) };
    log.warn({ ...whose, pauseMs, reason: messageOf(error) }, "forge left alone for a while");
  }
  if (error instanceof ForgeError && !error.retryable) turn.answered();
  const circumstances = {
    tookMs: at - takenAt,
    inTrouble: turn.inTrouble(),
    forgePauseMs: leftAlone?.ms ?? null,
  };
  const { reason, pauseMs, known } = afterFailure(effect, error, circumstances);
  if (pauseMs === null) log.warn({ ...told(effect), reason }, "effect given up");
  else log.warn({ ...told(effect), ...(known ? { reason } : { err: error }), pauseMs }, "effect put off");
  await store.delayEffect(effect.id, pauseMs === null ? null : at + pauseMs, reason);
}
