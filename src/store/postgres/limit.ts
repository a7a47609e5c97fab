/**
 * How long a call may take that a lease depends on. The way to the server may be lost without a word (a firewall that
 * forgot a connection): such a call must fail while there is time to ask again, over another connection.
 */
import { DatabaseFault } from "./fault.ts";

export interface Limit {
  /** Milliseconds from asking to the commit; then the connection is given up. */
  readonly answerMs: number;
  /** Whether it may be done again when nobody knows if it was committed. */
  readonly repeatable: boolean;
}

const LONGEST_MS = 10_000;
/** A busy machine takes its time. */
const SHORTEST_MS = 1_000;

/** A third of the lease, so that a second try ends before it does. Without a lease, the longest. */
export function answerLimit(leaseMs = Number.POSITIVE_INFINITY): number {
  return Math.min(Math.max(leaseMs / 3, SHORTEST_MS), LONGEST_MS);
}

/** Nothing came back in time. */
export class Silence extends DatabaseFault {
  override readonly name = "Silence";
}

/** Resolves or rejects as `work` does, or after `ms` by calling `giveUp`, which makes the error. */
export async function within<T>(work: Promise<T>, ms: number, giveUp: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(giveUp()), ms);
  });
  try {
    return await Promise.race([work, silence]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}
