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
import { messageOf } from "../model/errors.ts";
import type { Delivery, Event } from "../model/event.ts";
import { broke } from "../report/messages.ts";
import type { Settlement, Store } from "../store/store.ts";
import { CommandBroke } from "./failure.ts";
import type { Respond } from "./responder.ts";
import { join } from "./response.ts";

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
  const about = { forge: delivery.forge, delivery: delivery.id };
  for (let turn = 0; turn < CONFLICTS; turn++) {
    const { settlement, troubles } = await respondTo(parsed, deps);
    const settled = await deps.store.settle(settlement);
    if (settled === "conflict") continue;
    for (const reason of troubles) deps.log.warn({ ...about, reason }, "a command could not be handled");
    deps.log.debug({ ...about, events: events.length, settled }, "delivery settled");
    return;
  }
  const error = new Error(`settling delivery ${delivery.id}: the issue's run kept moving`);
  throw events[0] ? new CommandBroke(events[0], error) : error;
}

async function respondTo(
  parsed: Parsed,
  deps: DispatchDeps,
): Promise<{ readonly settlement: Settlement; readonly troubles: readonly string[] }> {
  const { delivery, forge, events } = parsed;
  const responses = [];
  for (const event of events) responses.push(await deps.respond(event, forge));
  const { changes, effects, troubles = [] } = join(...responses);
  const keys = events.map((event) => event.key);
  return {
    settlement: { delivery: { forge: delivery.forge, id: delivery.id }, keys, changes, effects },
    troubles,
  };
}

/** Sets aside what broke again and again, with a word to whoever waits for one. */
export async function giveUp(delivery: Delivery, error: unknown, deps: DispatchDeps): Promise<void> {
  if (error instanceof CommandBroke) {
    const { repo, issue, key } = error.event;
    const action = { kind: "comment", body: broke() } as const;
    await deps.store.addEffects([
      { repo, issue: issue.number, runId: null, key: `reply:broke:${key}`, action },
    ]);
  }
  await setAside(delivery, messageOf(error), deps);
}

export async function setAside(delivery: Delivery, reason: string, deps: DispatchDeps): Promise<null> {
  deps.log.warn(
    { forge: delivery.forge, delivery: delivery.id, event: delivery.event, reason },
    "delivery set aside",
  );
  await deps.store.reject(delivery, reason);
  return null;
}
