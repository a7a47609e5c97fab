/**
 * The loops of a process: desk (what one process alone does: inbox, catch-up, housekeeping), worker, outbox. Which of
 * them there are is the role's to say. Begun together, ended in the order that loses nothing. None is silently dead:
 * one that ends by an error is told, and begun again after a pause.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { Outbox } from "../report/outbox.ts";
import type { Store } from "../store/store.ts";
import type { Worker } from "./worker.ts";

export interface LifeDeps {
  readonly store: Pick<Store, "fleet">;
  /** Null in a process that runs no agents. */
  readonly worker: Worker | null;
  readonly outbox: Outbox;
  /** Run while this process leads, each until its signal aborts; begun anew when it leads again. */
  readonly desk: readonly ((signal: AbortSignal) => Promise<void>)[];
  readonly log: Logger;
  /** How long a loop that broke is left alone; a second unless given. Milliseconds. */
  readonly pauseMs?: number;
}

export interface Life {
  begin(): void;
  /** False before the start and while it drains. */
  readonly accepting: () => boolean;
  /** `wait` for the agents, `stop` them, or `leave` them alive for the next start. */
  end(agents: "wait" | "leave" | "stop"): Promise<void>;
}

/** How long a last answer may take to reach its forge before the process ends; it is on disk. Milliseconds. */
const LAST_WORDS_MS = 5000;

export function createLife(deps: LifeDeps): Life {
  const { worker, outbox, log } = deps;
  const drain = new AbortController();
  const leave = new AbortController();
  const halt = new AbortController();
  const close = new AbortController();
  let accepting = false;
  let loops: Promise<unknown>[] = [];
  let sending: Promise<unknown> = Promise.resolve();
  return {
    accepting: () => accepting,
    begin() {
      accepting = true;
      const signals = { drain: drain.signal, leave: leave.signal, halt: halt.signal };
      loops = [
        keepUp("desk", () => sitAtDesk(deps, drain.signal), drain.signal, deps),
        keepUp("worker", async () => await worker?.run(signals), drain.signal, deps),
      ];
      sending = keepUp("outbox", () => outbox.run(close.signal), close.signal, deps);
    },
    async end(agents) {
      accepting = false;
      drain.abort();
      if (agents === "leave") leave.abort();
      if (agents === "stop") halt.abort();
      const runs = worker?.active() ?? 0;
      if (runs > 0) log.info({ runs, agents }, "draining");
      await Promise.allSettled(loops);
      // Whoever waits for agents wants their answers, too: after this stop there may be no next start for long.
      if (agents === "wait") await Promise.race([outbox.flush().catch(() => {}), timeout(LAST_WORDS_MS)]);
      close.abort();
      await Promise.race([Promise.allSettled([sending]), timeout(LAST_WORDS_MS)]);
    },
  };
}

/** Does it again for as long as it breaks and `signal` has not aborted. Never rejects. */
async function keepUp(
  loop: string,
  act: () => Promise<void>,
  signal: AbortSignal,
  { log, pauseMs = 1_000 }: LifeDeps,
): Promise<void> {
  while (!signal.aborted) {
    try {
      return await act();
    } catch (error) {
      if (signal.aborted) return;
      log.error({ err: error, loop }, "a loop ended by an error; it is begun again");
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
    }
  }
}

/** The desk of a store of many machines is kept by whoever leads; a store of one process is led by it. */
async function sitAtDesk(deps: LifeDeps, drain: AbortSignal): Promise<void> {
  const { store, desk, log } = deps;
  while (desk.length > 0 && !drain.aborted) {
    const led = (await store.fleet?.lead(drain)) ?? drain;
    if (store.fleet) log.info("this process leads: it looks after the inbox");
    const signal = AbortSignal.any([drain, led]);
    await Promise.all(desk.map((act) => keepUp("desk", () => act(signal), signal, deps)));
    await aborted(signal);
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

function timeout(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
