/** Work that no run waits for: done aside, told of when it fails, and awaited only when the server stops. */

export interface Background {
  /** Begins the work, unless work under the same key is still going on. */
  begin(key: string, work: () => Promise<unknown>): void;
  /** Resolves when nothing is going on. */
  idle(): Promise<void>;
}

/** `warn` hears why some work failed, by its key. */
export function createBackground(warn: (message: string) => void): Background {
  const going = new Map<string, Promise<void>>();
  return {
    begin: (key, work) => {
      if (going.has(key)) return;
      const done = work()
        .then(() => {})
        .catch((error) => warn(`${key}: ${error instanceof Error ? error.message : error}`))
        .finally(() => going.delete(key));
      going.set(key, done);
    },
    idle: async () => {
      while (going.size > 0) await Promise.all(going.values());
    },
  };
}
