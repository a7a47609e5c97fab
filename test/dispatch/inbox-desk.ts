/** An inbox at work on a desk's store, and a responder that notes whom it answered. */
import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { type InboxDeps, workInbox } from "../../src/dispatch/inbox.ts";
import type { Respond } from "../../src/dispatch/responder.ts";
import { nothing } from "../../src/dispatch/response.ts";
import { ForgeError } from "../../src/model/errors.ts";
import type { DispatchDesk } from "./desk.ts";

/** Runs an inbox on the desk's store for as long as the test. */
export function runInbox(desk: DispatchDesk, more: Partial<InboxDeps>): void {
  const stop = new AbortController();
  const end = workInbox({ ...desk.deps, now: Date.now, parallel: 8, ...more }, stop.signal);
  desk.ends.push(async () => {
    stop.abort();
    await end;
  });
}

/** Gives turns until the condition holds. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await condition())) {
    assert.ok(Date.now() < end, `waited in vain for ${what}`);
    await turn();
  }
}

export const inboxEmpty = async ({ store }: DispatchDesk) => (await store.nextDeliveries(1)).length === 0;
export const down = new ForgeError("asking: the forge is down", 503, true);

/** Notes who was answered, in order; `act` may keep it waiting or throw. */
export function scribe(act: (body: string) => Promise<void> | void = () => {}) {
  const seen: string[] = [];
  const respond: Respond = async (event) => {
    const body = event.kind === "comment" ? event.body : event.kind;
    seen.push(`begin ${body}`);
    await act(body);
    seen.push(`end ${body}`);
    return nothing;
  };
  return { seen, respond };
}
