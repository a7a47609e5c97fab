/**
 * The store of one machine: SQLite in one file. This file only joins the parts; each part says what it does.
 * Several processes may open the same file (the server, the command line): all writes are transactions that take
 * the write lock first. Calls are synchronous underneath and short; none waits for anything but the disk.
 */
import type { Store } from "../store.ts";
import { bookmarks } from "./bookmarks.ts";
import { claiming } from "./claim.ts";
import { connect } from "./connection.ts";
import type { Context } from "./context.ts";
import { checkAfterCrash } from "./crash-check.ts";
import { inbox } from "./deliveries.ts";
import { outbox } from "./effects.ts";
import { forgetting } from "./forget.ts";
import { leases } from "./leases.ts";
import { migrate } from "./migrate.ts";
import { pools } from "./pools.ts";
import { queries } from "./queries.ts";
import { settling } from "./settle.ts";
import { refusalOf } from "./trouble.ts";
import { WakeUps } from "./wake-ups.ts";

export interface SqliteOptions {
  /** Path of the database file; made when missing, with its folder. */
  readonly file: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Unguessable ids: they serve as lease tokens too. */
  readonly newId: () => string;
  /** False refuses a file that an older version made; it is brought up to date unless given. */
  readonly upgrade?: boolean;
}

/** Opens the store and brings its schema up to date. Throws a Refusal when the file cannot be used. */
export async function openSqliteStore({ file, now, newId, upgrade = true }: SqliteOptions): Promise<Store> {
  checkAfterCrash(file);
  const db = connect(file);
  try {
    migrate(db, file, { upgrade });
  } catch (error) {
    db.close();
    throw refusalOf(file, error);
  }
  const context: Context = { file, db, now, newId, wakeUps: new WakeUps() };
  const { end, ...deliveries } = inbox(context);
  return {
    ...deliveries,
    ...settling(context),
    ...queries(context),
    ...claiming(context),
    ...leases(context),
    ...pools(context),
    ...outbox(context),
    ...bookmarks(context),
    ...forgetting(context),
    fleet: null,
    changed: (what, signal) => context.wakeUps.wait(what, signal),
    async close() {
      await end();
      context.wakeUps.wakeAll();
      db.close();
    },
  };
}
