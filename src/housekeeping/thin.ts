/**
 * Which of many things go: first all that are too old, then the oldest until the others fit into their room. What
 * must stay counts for the room and stays. What cannot be removed is told of and does not keep the rest.
 */
import type { Keep } from "../config/config.ts";
import { type Freed, NOTHING, plus } from "./freed.ts";

export interface Hands<T> {
  /** Epoch milliseconds of when it was last of use. */
  readonly since: (thing: T) => Promise<number>;
  /** Bytes; asked only where they count. */
  readonly size: (thing: T) => Promise<number>;
  /** Resolves with the bytes that were freed, null when it has to stay. */
  readonly remove: (thing: T) => Promise<number | null>;
  readonly trouble: (thing: T, error: unknown) => void;
}

interface Aged<T> {
  readonly thing: T;
  readonly since: number;
}

/** Ends early, between two things, when aborted. */
export async function thin<T>(
  things: readonly T[],
  keep: Keep,
  hands: Hands<T>,
  now: number,
  signal: AbortSignal,
): Promise<Freed> {
  if (keep.ageMs === null && keep.bytes === null) return NOTHING;
  const attempt = attempts(hands, signal);
  const aged: Aged<T>[] = [];
  for (const thing of things) {
    const since = await attempt(thing, hands.since);
    if (since !== null) aged.push({ thing, since });
  }
  const oldestFirst = aged.toSorted((a, b) => a.since - b.since);
  let freed = NOTHING;
  const left: T[] = [];
  for (const { thing, since } of oldestFirst) {
    const tooOld = keep.ageMs !== null && now - since >= keep.ageMs;
    const bytes = tooOld ? await attempt(thing, hands.remove) : null;
    if (bytes === null) left.push(thing);
    else freed = plus(freed, { count: 1, bytes });
  }
  return keep.bytes === null ? freed : plus(freed, await fit(left, keep.bytes, hands, attempt));
}

/** Null when it failed, or there is no more time. */
type Attempt<T> = (thing: T, work: (thing: T) => Promise<number | null>) => Promise<number | null>;

function attempts<T>(hands: Hands<T>, signal: AbortSignal): Attempt<T> {
  return async (thing, work) => {
    if (signal.aborted) return null;
    try {
      return await work(thing);
    } catch (error) {
      hands.trouble(thing, error);
      return null;
    }
  };
}

async function fit<T>(
  oldestFirst: readonly T[],
  room: number,
  hands: Hands<T>,
  attempt: Attempt<T>,
): Promise<Freed> {
  const sizes = new Map<T, number>();
  for (const thing of oldestFirst) sizes.set(thing, (await attempt(thing, hands.size)) ?? 0);
  let total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  let freed = NOTHING;
  for (const [thing, size] of sizes) {
    if (total <= room) break;
    const bytes = await attempt(thing, hands.remove);
    if (bytes === null) continue;
    total -= size;
    freed = plus(freed, { count: 1, bytes });
  }
  return freed;
}
