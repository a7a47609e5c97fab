/** The loops of a process: inbox, worker, outbox. Begun together, ended in the order that loses nothing. */
import type { Logger } from "pino";
import type { Outbox } from "../report/outbox.ts";
import type { Store } from "../store/store.ts";
import type { Worker } from "./worker.ts";

export interface LifeDeps {
  readonly store: Store;
  readonly worker: Worker;
  readonly outbox: Outbox;
  readonly workInbox: (signal: AbortSignal) => Promise<void>;
  readonly log: Logger;
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
      loops = [
        deps.workInbox(drain.signal),
        deps.worker.run({ drain: drain.signal, leave: leave.signal, halt: halt.signal }),
      ];
      sending = deps.outbox.run(close.signal);
      for (const loop of [...loops, sending])
        loop.catch((error) => deps.log.fatal({ err: error }, "a loop ended"));
    },
    async end(agents) {
      accepting = false;
      drain.abort();
      if (agents === "leave") leave.abort();
      if (agents === "stop") halt.abort();
      if (deps.worker.active() > 0) deps.log.info({ runs: deps.worker.active(), agents }, "draining");
      await Promise.allSettled(loops);
      close.abort();
      await Promise.race([Promise.allSettled([sending]), timeout(LAST_WORDS_MS)]);
    },
  };
}

function timeout(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
