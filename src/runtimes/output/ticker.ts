/** One timer for everything that has to look again: two hundred runs must not mean two hundred timers. */

export interface Ticker {
  /** Calls `look` at every tick until the returned function is called. */
  each(look: () => void): () => void;
}

/** So many are called before the event loop gets its turn. */
const SLICE = 16;

/** Ticks every `ms` milliseconds while somebody listens. */
export function createTicker(ms: number): Ticker {
  const looks = new Set<() => void>();
  let timer: NodeJS.Timeout | null = null;
  const run = (rest: readonly (() => void)[]) => {
    for (const look of rest.slice(0, SLICE)) if (looks.has(look)) look();
    if (rest.length > SLICE) setImmediate(run, rest.slice(SLICE));
  };
  return {
    each(look) {
      looks.add(look);
      timer ??= setInterval(() => run([...looks]), ms);
      return () => {
        looks.delete(look);
        if (looks.size > 0 || timer === null) return;
        clearInterval(timer);
        timer = null;
      };
    },
  };
}
