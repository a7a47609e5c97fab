/** What every part of the store works with; made once by `sqlite-store.ts`. */
import type { Connection } from "./connection.ts";
import type { WakeUps } from "./wake-ups.ts";

export interface Context {
  /** Path of the database file, for connections of other threads. */
  readonly file: string;
  readonly db: Connection;
  readonly wakeUps: WakeUps;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Ids that nobody can guess: they serve as lease tokens too. */
  readonly newId: () => string;
}
