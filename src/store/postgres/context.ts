/** What every part of the store works with; made once by `postgres-store.ts`. */
import type { Connection } from "./connection.ts";
import type { Queue } from "./queue.ts";
import type { Waker, WakeUps } from "./wake-ups.ts";

export interface Context {
  readonly db: Connection;
  readonly queue: Queue;
  readonly wakeUps: WakeUps;
  /** SQL that tells the other processes of a change at the commit. */
  readonly tell: (what: Waker) => string;
  readonly schema: string;
  /** Ids that nobody can guess: they serve as lease tokens too. */
  readonly newId: () => string;
  /** When the database server was started, for tests with a clock of their own; null asks the server. */
  readonly startedAt: (() => number) | null;
}
