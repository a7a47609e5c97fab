/** Tells the other machines that this worker lives: runs whose workspace it keeps wait for it as long as it does. */
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../model/errors.ts";
import type { WorkDeps } from "./deps.ts";

/** Until `signal` aborts. Never rejects: one word that is not heard is followed by the next. */
export async function keepPresent(
  deps: Pick<WorkDeps, "store" | "name" | "leaseMs" | "log">,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted && deps.store.fleet !== null) {
    await tell(deps, deps.leaseMs);
    await sleep(deps.leaseMs / 3, undefined, { signal }).catch(() => {});
  }
}

/** Says that it goes, and is not to be waited for. Never rejects. */
export async function takeLeave(deps: Pick<WorkDeps, "store" | "name" | "log">): Promise<void> {
  await tell(deps, 0);
}

async function tell({ store, name, log }: Pick<WorkDeps, "store" | "name" | "log">, forMs: number) {
  try {
    await store.fleet?.present(name, forMs);
  } catch (error) {
    log.warn({ reason: messageOf(error) }, "this worker could not tell the others of itself");
  }
}
