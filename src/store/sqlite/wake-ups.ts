/**
 * Tells waiting loops of this process that something changed. It knows neither other processes nor the clock: what
 * becomes due by time alone (a held effect, a pause's end, a lease's end) or is written by another process is found
 * by the caller's own timer.
 *
 * A change nobody waited for is remembered, so a loop that looks first and waits then does not miss it.
 */
import type { Store } from "../store.ts";

export type Waker = Parameters<Store["changed"]>[0];

export class WakeUps {
  readonly #waiting = new Map<Waker, Set<() => void>>();
  readonly #missed = new Set<Waker>();

  wake(what: Waker): void {
    const waiting = this.#waiting.get(what);
    this.#waiting.delete(what);
    if (!waiting) this.#missed.add(what);
    else for (const resolve of waiting) resolve();
  }

  wait(what: Waker, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#missed.delete(what)) return Promise.resolve();
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(what) ?? new Set();
      this.#waiting.set(what, waiting);
      const done = () => {
        signal.removeEventListener("abort", done);
        waiting.delete(done);
        if (waiting.size === 0 && this.#waiting.get(what) === waiting) this.#waiting.delete(what);
        resolve();
      };
      waiting.add(done);
      signal.addEventListener("abort", done);
    });
  }

  /** Lets everybody go. */
  wakeAll(): void {
    for (const what of [...this.#waiting.keys()]) this.wake(what);
  }
}
