/**
 * The inbox. Deliveries that arrive while more keep arriving, turn by turn of the event loop, are committed together:
 * one wait for the disk serves them all, and each is acknowledged only after it.
 */
import type { Delivery } from "../../model/event.ts";
import type { Store } from "../store.ts";
import { type Checkpointer, createCheckpointer } from "./checkpointer.ts";
import type { Context } from "./context.ts";

interface Arrival {
  readonly delivery: Delivery;
  readonly resolve: (fresh: boolean) => void;
  readonly reject: (error: unknown) => void;
}

interface DeliveryRow {
  readonly id: string;
  readonly forge: string;
  readonly event: string;
  readonly body: string;
  readonly received_at: number;
}

const COLUMNS = "id, forge, event, body, received_at";
/** Deliveries in one commit; more would make the first of them wait too long. */
const MOST_AT_ONCE = 256;

export interface Inbox extends Pick<Store, "receive" | "nextDeliveries" | "delivery" | "known" | "reject"> {
  /** Commits what has arrived now, for closing. */
  end(): Promise<void>;
}

export function inbox(context: Context): Inbox {
  const { file, db, now } = context;
  const checkpointer = createCheckpointer(file);
  let arrivals: Arrival[] = [];

  function flush(): void {
    const batch = arrivals;
    arrivals = [];
    if (batch.length > 0) commit(context, batch, checkpointer);
  }

  function gather(before: number): void {
    if (arrivals.length > before && arrivals.length < MOST_AT_ONCE) setImmediate(gather, arrivals.length);
    else flush();
  }

  return {
    async end() {
      flush();
      await checkpointer.end();
    },
    receive(delivery) {
      return new Promise((resolve, reject) => {
        if (arrivals.push({ delivery, resolve, reject }) === 1) setImmediate(gather, 0);
      });
    },
    async nextDeliveries(limit, after = null) {
      // Numbers are given in the order of the commits: nothing appears before `after`. When that is forgotten, every
      // unsettled delivery came after it (`forget.ts`), so all of them are read.
      return db
        .all<DeliveryRow>(
          `select ${COLUMNS} from deliveries where settled_at is null
             and number > coalesce((select number from deliveries where forge = ? and id = ?), 0)
           order by number limit ?`,
          after?.forge ?? "",
          after?.id ?? "",
          limit,
        )
        .map(toDelivery);
    },
    async delivery({ forge, id }) {
      const sql = `select ${COLUMNS} from deliveries where forge = ? and id = ? and settled_at is null`;
      const row = db.get<DeliveryRow>(sql, forge, id);
      return row ? toDelivery(row) : null;
    },
    async known(forge, ids) {
      const sql = "select id from deliveries where forge = ? and id in (select value from json_each(?))";
      return new Set(db.all<{ id: string }>(sql, forge, JSON.stringify(ids)).map(({ id }) => id));
    },
    async reject({ forge, id }, reason) {
      db.run(
        `update deliveries set settled_at = ?, rejected = ?
         where forge = ? and id = ? and settled_at is null`,
        now(),
        reason,
        forge,
        id,
      );
    },
  };
}

function toDelivery({ received_at, ...row }: DeliveryRow): Delivery {
  return { ...row, receivedAt: received_at };
}

function commit({ db, wakeUps }: Context, batch: readonly Arrival[], checkpointer: Checkpointer): void {
  try {
    const fresh = db.transaction(() =>
      batch.map(({ delivery }) =>
        db.run(
          "insert or ignore into deliveries (forge, id, event, body, received_at) values (?, ?, ?, ?, ?)",
          delivery.forge,
          delivery.id,
          delivery.event,
          delivery.body,
          delivery.receivedAt,
        ),
      ),
    );
    for (const [at, { resolve }] of batch.entries()) resolve(fresh[at] === 1);
    checkpointer.wrote(batch.reduce((bytes, { delivery }) => bytes + delivery.body.length, 0));
    if (fresh.includes(1)) wakeUps.wake("deliveries");
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}
