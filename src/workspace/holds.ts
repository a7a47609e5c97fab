/** Who uses a thing keeps it from being taken away; who takes it away keeps others waiting until it is done. */

export interface Holds {
  /** Does the work once nobody is taking the thing away; until its end nobody begins to. Many may use it at once. */
  use<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** Does the work while nobody uses the thing; null, and nothing done, when somebody does. To be kept short. */
  alone<T>(key: string, work: () => Promise<T>): Promise<T | null>;
}

export function createHolds(): Holds {
  const users = new Map<string, number>();
  const takers = new Map<string, Promise<void>>();
  const count = (key: string, change: number) => {
    const left = (users.get(key) ?? 0) + change;
    if (left > 0) users.set(key, left);
    else users.delete(key);
  };
  return {
    use: async (key, work) => {
      for (let taker = takers.get(key); taker; taker = takers.get(key)) await taker;
      count(key, 1);
      try {
        return await work();
      } finally {
        count(key, -1);
      }
    },
    alone: async (key, work) => {
      if (users.has(key) || takers.has(key)) return null;
      const { promise, resolve } = Promise.withResolvers<void>();
      takers.set(key, promise);
      try {
        return await work();
      } finally {
        takers.delete(key);
        resolve();
      }
    },
  };
}
