/**
 * Tells waiting loops that something changed, whoever changed it: this process (`wake`), another one (through
 * `listener.ts`), or nobody knows (the listener was away). As a floor under all of it, every wait ends by itself after
 * a while; that also finds what becomes due by time alone.
 *
 * A change nobody waited for is remembered, so a loop that looks first and waits then does not miss it.
 */
import type { Store } from "../store.ts";

export type Waker = Parameters<Store["changed"]>[0];

export const WAKERS: readonly Waker[] = ["deliveries", "queue", "cancels", "effects"];
const FLOOR_MS = 1_500;

export class WakeUps {
  readonly #waiting = new Map<Waker, Set<() => void>>();
  readonly #missed = new Set<Waker>();
  #closed = false;

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
        clearTimeout(floor);
        signal.removeEventListener("abort", done);
        waiting.delete(done);
        if (waiting.size === 0 && this.#waiting.get(what) === waiting) this.#waiting.delete(what);
        resolve();
      };
      const floor = setTimeout(done, this.#closed ? 0 : FLOOR_MS);
      waiting.add(done);
      signal.addEventListener("abort", done);
    });
  }

  wakeAll(): void {
    for (const what of WAKERS) this.wake(what);
  }

  /** Lets everybody go; who waits from now on is let go at once. */
  close(): void {
    this.#closed = true;
    for (const what of [...this.#waiting.keys()]) this.wake(what);
  }
}
