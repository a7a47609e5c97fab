/**
 * The inbox. Deliveries that arrive while more keep arriving, turn by turn of the event loop, and while the commit
 * before is under way, are committed together: one wait for the disk serves them all, and each is acknowledged only
 * after it.
 */
import type { Delivery } from "../../model/event.ts";
import type { Store } from "../store.ts";
import { lockKey } from "./address.ts";
import type { Context } from "./context.ts";
import type { Value } from "./transaction.ts";

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
  const { db } = context;
  const batches = gathering((batch) => commit(context, batch));
  return {
    end: batches.end,
    receive(delivery) {
      return new Promise((resolve, reject) => batches.add({ delivery, resolve, reject }));
    },
    async nextDeliveries(limit, after = null) {
      // Numbers are given in the order of the commits (`storing`): nothing appears before `after`. When that is
      // forgotten, every unsettled delivery came after it (`forget.ts`), so all of them are read.
      const rows = await db.all<DeliveryRow>(
        `select ${COLUMNS} from deliveries where settled_at is null
           and number > coalesce((select number from deliveries where forge = $1 and id = $2), 0)
         order by number limit $3`,
        after?.forge ?? "",
        after?.id ?? "",
        limit,
      );
      return rows.map(toDelivery);
    },
    async delivery({ forge, id }) {
      const sql = `select ${COLUMNS} from deliveries where forge = $1 and id = $2 and settled_at is null`;
      const row = await db.get<DeliveryRow>(sql, forge, id);
      return row ? toDelivery(row) : null;
    },
    async known(forge, ids) {
      const sql = "select id from deliveries where forge = $1 and id = any($2)";
      return new Set((await db.all<{ id: string }>(sql, forge, ids)).map(({ id }) => id));
    },
    async reject({ forge, id }, reason) {
      await db.transaction((transaction) =>
        transaction.run(
          `update deliveries set settled_at = $1, rejected = $2
           where forge = $3 and id = $4 and settled_at is null`,
          transaction.at,
          reason,
          forge,
          id,
        ),
      );
    },
  };
}

/** Hands over what was added in batches, one at a time. */
function gathering(hand: (batch: readonly Arrival[]) => Promise<void>) {
  const arrivals: Arrival[] = [];
  let working = Promise.resolve();
  let gatheringNow = false;
  const flush = () => {
    gatheringNow = false;
    const batch = arrivals.splice(0, MOST_AT_ONCE);
    if (batch.length === 0) return working;
    working = working.then(() => hand(batch));
    if (arrivals.length > 0) begin();
    return working;
  };
  const gather = (before: number) => {
    if (arrivals.length > before && arrivals.length < MOST_AT_ONCE) setImmediate(gather, arrivals.length);
    else working.then(flush);
  };
  const begin = () => {
    if (gatheringNow) return;
    gatheringNow = true;
    setImmediate(gather, 0);
  };
  return {
    add(arrival: Arrival) {
      arrivals.push(arrival);
      begin();
    },
    async end() {
      while (arrivals.length > 0) await flush();
      await working;
    },
  };
}

/**
 * One statement, so one way to the database and back. The lock is held until the commit is done: the next batch of any
 * process gets its numbers only then.
 */
function storing(tell: string, count: number): string {
  const given = Array.from({ length: count }, (_, n) => {
    const [forge, id, event, body, at] = [1, 2, 3, 4, 5].map((column) => `$${n * 5 + column + 1}`);
    return `(${n}, ${forge}, ${id}, ${event}, ${body}, ${at}::bigint)`;
  });
  return `
    with fresh as (
      insert into deliveries (forge, id, event, body, received_at)
      select forge, id, event, body, received_at
      from (select pg_advisory_xact_lock($1) offset 0) as alone,
        (values ${given.join(", ")}) as given (n, forge, id, event, body, received_at)
      order by n on conflict (forge, id) do nothing returning forge, id),
    told as (select ${tell} from fresh limit 1)
    select forge, id, (select count(*) from told) as told from fresh`;
}

async function commit({ db, schema, tell, wakeUps }: Context, batch: readonly Arrival[]): Promise<void> {
  const values = batch.flatMap<Value>(({ delivery: { forge, id, event, body, receivedAt } }) => [
    forge,
    id,
    event,
    JSON.stringify(body),
    receivedAt,
  ]);
  const sql = storing(tell("deliveries"), batch.length);
  try {
    const lock = lockKey(schema, "deliveries");
    const rows = await db.all<{ forge: string; id: string }>(sql, lock, ...values);
    const fresh = new Set(rows.map(nameOf));
    if (fresh.size > 0) wakeUps.wake("deliveries");
    // Of two of the same in one batch the first is new.
    for (const { delivery, resolve } of batch) resolve(fresh.delete(nameOf(delivery)));
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}

function nameOf({ forge, id }: { readonly forge: string; readonly id: string }): string {
  return `${forge}\n${id}`;
}

function toDelivery({ received_at, body, ...row }: DeliveryRow): Delivery {
  return { ...row, body: JSON.parse(body), receivedAt: received_at };
}
