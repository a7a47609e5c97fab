/**
 * Keeps a run's status comment up to date within one state, without flooding the forge: the first update goes out
 * at once, later ones at most every `everyMs`, and the newest is never lost. None goes out once the run has moved on.
 */
import type { Run } from "../model/run.ts";
import type { Store } from "../store/store.ts";
import { statusEffect } from "./status.ts";

export interface LiveStatusOptions {
  readonly store: Pick<Store, "run" | "addEffects">;
  /** Milliseconds between two edits of one run's status. */
  readonly everyMs: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Told when an update could not be recorded; the next one comes anyway. */
  readonly onError: (error: unknown) => void;
}

export interface LiveStatus {
  /**
   * Takes the text as the newest; resolves when it is recorded or is waiting for its turn. A function is asked for it
   * when that comes: most of what an agent does is never shown.
   */
  update(run: Run, body: string | (() => string)): Promise<void>;
  /** Drops what is waiting. To be awaited before the run's last status is recorded, so that none comes after it. */
  end(runId: string): Promise<void>;
  /** Drops everything that waits, at stop. */
  close(): void;
}

interface Waiting {
  /** Epoch milliseconds of the last update that went out. */
  sentAt: number;
  next: { readonly run: Run; readonly body: string | (() => string) } | null;
  timer: NodeJS.Timeout | null;
  sending: Promise<void>;
}

export function createLiveStatus(options: LiveStatusOptions): LiveStatus {
  const { store, everyMs, now } = options;
  const known = new Map<string, Waiting>();

  async function send(waiting: Waiting): Promise<void> {
    const { next } = waiting;
    waiting.timer = null;
    if (!next) return;
    waiting.next = null;
    waiting.sentAt = now();
    try {
      const run = await store.run(next.run.id);
      const current = run?.state === next.run.state && run.attempt === next.run.attempt;
      const ended = known.get(next.run.id) !== waiting;
      const body = typeof next.body === "string" ? next.body : next.body();
      if (current && !ended) await store.addEffects([statusEffect(next.run, body)]);
    } catch (error) {
      options.onError(error);
    }
  }

  return {
    async update(run, body) {
      if (!known.has(run.id)) forgetIdle(known, now() - everyMs);
      const waiting = known.get(run.id) ?? newWaiting(run);
      known.set(run.id, waiting);
      waiting.next = { run, body };
      // A clock that was set back makes nobody wait for longer.
      const pauseMs = Math.min(everyMs, waiting.sentAt + everyMs - now());
      if (pauseMs <= 0) {
        if (waiting.timer) clearTimeout(waiting.timer);
        waiting.sending = waiting.sending.then(() => send(waiting));
        return await waiting.sending;
      }
      if (waiting.timer) return;
      waiting.timer = setTimeout(() => {
        waiting.sending = waiting.sending.then(() => send(waiting));
      }, pauseMs);
      waiting.timer.unref();
    },
    async end(runId) {
      const waiting = known.get(runId);
      if (!waiting) return;
      drop(waiting);
      known.delete(runId);
      await waiting.sending;
    },
    close() {
      for (const waiting of known.values()) drop(waiting);
      known.clear();
    },
  };
}

/** The status comment was made, or edited last, when the run was queued. */
function newWaiting({ queuedAt }: Run): Waiting {
  return { sentAt: queuedAt, next: null, timer: null, sending: Promise.resolve() };
}

/** Runs whose last update is so old that the next may go out at once need no remembering. */
function forgetIdle(known: Map<string, Waiting>, before: number): void {
  for (const [id, { timer, next, sentAt }] of known) {
    if (!timer && !next && sentAt < before) known.delete(id);
  }
}

function drop(waiting: Waiting): void {
  if (waiting.timer) clearTimeout(waiting.timer);
  waiting.timer = null;
  waiting.next = null;
}
