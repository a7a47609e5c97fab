/** Lets runs that need the same thing done share one doing of it. */

/**
 * Runs the work of one key one at a time. Who asks while it runs may need what came after its beginning: they all
 * wait for one more, begun after it. Who is aborted leaves at once, with the signal's reason; the work goes on.
 */
export type Share = (key: string, signal: AbortSignal, work: () => Promise<void>) => Promise<void>;

export function createShare(): Share {
  const running = new Map<string, Promise<void>>();
  const next = new Map<string, Promise<void>>();
  const start = (key: string, work: () => Promise<void>): Promise<void> => {
    const done = work().finally(() => {
      if (running.get(key) === done) running.delete(key);
    });
    running.set(key, done);
    return done;
  };
  const startAfter = (key: string, now: Promise<void>, work: () => Promise<void>): Promise<void> => {
    const after = now
      .catch(() => {})
      .then(() => {
        next.delete(key);
        return start(key, work);
      });
    next.set(key, after);
    return after;
  };
  return async (key, signal, work) => {
    signal.throwIfAborted();
    const now = running.get(key);
    await abortable(next.get(key) ?? (now ? startAfter(key, now, work) : start(key, work)), signal);
  };
}

async function abortable(shared: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const leave = () => reject(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  try {
    await Promise.race([shared, aborted]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
