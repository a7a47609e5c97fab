/**
 * Choices that one seed decides. Each part of the suite draws from a stream of its own, so that how often one of them
 * draws changes nothing for the others. What the seed does not decide is time: when a process is ready, or which of
 * two requests comes first.
 */

export interface Random {
  /** At least 0, less than 1. */
  next(): number;
  /** A whole number from `from` to `to`, both included. */
  between(from: number, to: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** Throws on an empty list. */
  pick<T>(from: readonly T[]): T;
  /** One of the names, each as likely as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K;
}

/** The stream of this name; the same for the same seed and name. */
export function randomOf(seed: number, name: string): Random {
  const next = mulberry32(hash(`${seed} ${name}`));
  return {
    next,
    between: (from, to) => from + Math.floor(next() * (to - from + 1)),
    chance: (probability) => next() < probability,
    pick(from) {
      if (from.length === 0) throw new Error("picking from nothing");
      return from[Math.floor(next() * from.length)]!;
    },
    weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
      const entries = Object.entries(weights) as [K, number][];
      let left = next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [name, weight] of entries) {
        left -= weight;
        if (left < 0) return name;
      }
      return entries.at(-1)![0];
    },
  };
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const char of Buffer.from(text)) value = Math.imul(value ^ char, 0x01000193);
  return value >>> 0;
}

/** Tommy Ettinger's generator: small, fast, and good enough for choosing victims. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}
