/**
 * What a store of many machines has beside the rest, in memory: put around a store of one machine, it serves several
 * workers of one test. Whoever leads is the test's to say.
 */
import type { Fleet, Store } from "../../src/store/store.ts";

export interface PlainFleet extends Fleet {
  /** By worker, how long it said to live; 0 when it took its leave. */
  readonly told: Map<string, number>;
  /** By run and attempt. */
  readonly logs: Map<string, string>;
  /** What the next calls that keep a log reject with, one each. */
  readonly failures: Error[];
  /** Has this process lead until the function is called that comes back. */
  appoint(): () => void;
}

export function createPlainFleet(): PlainFleet {
  const told = new Map<string, number>();
  const logs = new Map<string, string>();
  const failures: Error[] = [];
  let seat = Promise.withResolvers<AbortSignal>();
  return {
    told,
    logs,
    failures,
    appoint() {
      const term = new AbortController();
      seat.resolve(term.signal);
      return () => {
        seat = Promise.withResolvers();
        term.abort();
      };
    },
    present: async (worker, forMs) => void told.set(worker, forMs),
    living: async () => [...told].filter(([, forMs]) => forMs > 0).map(([worker]) => worker),
    claimName: async () => {},
    async lead(signal) {
      const given = new Promise<never>((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
      return await Promise.race([seat.promise, given]);
    },
    async appendLog({ runId, attempt, at, text }) {
      const failure = failures.shift();
      if (failure) throw failure;
      const key = `${runId}.${attempt}`;
      const before = at === 0 ? "" : (logs.get(key) ?? "");
      if (Buffer.byteLength(before) === at) logs.set(key, before + text);
    },
    async readLog(runId, attempt, from) {
      const log = logs.get(`${runId}.${attempt}`);
      return log === undefined ? null : Buffer.from(log).toString("utf8", from, from + 1_000_000);
    },
  };
}

export function shared(store: Store, fleet: Fleet): Store {
  return { ...store, fleet };
}
