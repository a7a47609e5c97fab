/**
 * SPINE, first half: from a delivery on disk to a run in the queue and a word on the issue.
 *
 *   delivery → events (the forge's adapter) → command → permission → response → settled, in one transaction
 *
 * The webhook request ended before this begins: nothing here can make a forge wait. A delivery is settled once; a
 * crash before that means it is read again.
 */
import type { Logger } from "pino";
import type { Forge } from "../forges/forge.ts";
import { ForgeError, messageOf } from "../model/errors.ts";
import type { Delivery, Event } from "../model/event.ts";
import type { Settlement, Store } from "../store/store.ts";
import type { Respond } from "./responder.ts";

export interface DispatchDeps {
  readonly store: Store;
  readonly forges: ReadonlyMap<string, Forge>;
  readonly respond: Respond;
  readonly log: Logger;
}

/** How often a delivery is decided anew when the store says that something moved in between. */
const CONFLICTS = 5;

/** A delivery whose payload was read. */
export interface Parsed {
  readonly delivery: Delivery;
  readonly forge: Forge;
  readonly events: readonly Event[];
}

/** Reads a delivery; sets it aside, with the reason, when nobody can. */
export async function read(delivery: Delivery, deps: DispatchDeps): Promise<Parsed | null> {
  const forge = deps.forges.get(delivery.forge);
  if (!forge)
    return await setAside(delivery, `no forge named ${delivery.forge} is configured any more`, deps);
  try {
    return { delivery, forge, events: forge.parse(delivery) };
  } catch (error) {
    return await setAside(delivery, messageOf(error), deps);
  }
}

/**
 * From events to a settlement. Throws what may pass by itself (a forge that does not answer): the caller tries again.
 */
export async function dispatch(parsed: Parsed, deps: DispatchDeps): Promise<void> {
  const { delivery, events } = parsed;
  for (let turn = 0; turn < CONFLICTS; turn++) {
    const settled = await deps.store.settle(await respondTo(parsed, deps));
    if (settled === "conflict") continue;
    deps.log.debug(
      { forge: delivery.forge, delivery: delivery.id, events: events.length, settled },
      "delivery settled",
    );
    return;
  }
  throw new Error(`settling delivery ${delivery.id}: the issue's run kept moving`);
}

async function respondTo(parsed: Parsed, deps: DispatchDeps): Promise<Settlement> {
  const { delivery, forge, events } = parsed;
  const responses = [];
  for (const event of events) responses.push(await deps.respond(event, forge));
  return {
    delivery: { forge: delivery.forge, id: delivery.id },
    keys: events.map((event) => event.key),
    changes: responses.flatMap((response) => response.changes),
    effects: responses.flatMap((response) => response.effects),
  };
}

/** True for what no later try can mend. A token that is not accepted (401) can be renewed by the admin. */
export function isFinal(error: unknown): boolean {
  return error instanceof ForgeError && !error.retryable && error.status !== 401;
}

export async function setAside(delivery: Delivery, reason: string, deps: DispatchDeps): Promise<null> {
  deps.log.warn(
    { forge: delivery.forge, delivery: delivery.id, event: delivery.event, reason },
    "delivery set aside",
  );
  await deps.store.reject(delivery, reason);
  return null;
}
