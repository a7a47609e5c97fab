/** What many processes on one database ask of it: who lives, who leads, and the logs of all. */
import type { Fleet } from "../store.ts";
import type { Address } from "./address.ts";
import type { Context } from "./context.ts";
import { lead } from "./leader.ts";
import { answerLimit } from "./limit.ts";
import { logs } from "./logs.ts";
import { claimName } from "./names.ts";

export interface FleetOptions {
  readonly address: Address;
  /** Gives up every lead and name. */
  readonly closing: AbortSignal;
  readonly warn: (why: string) => void;
}

export function fleet({ db }: Context, { address, closing, warn }: FleetOptions): Fleet {
  return {
    async present(worker, forMs) {
      await db.transaction(
        async (transaction) => {
          await transaction.run(
            `insert into workers values ($1, $2)
           on conflict (name) do update set lives_until = excluded.lives_until`,
            worker,
            transaction.at + forMs,
          );
          // What waited for its workspaces may go elsewhere now.
          if (forMs <= 0) transaction.wake("queue");
        },
        undefined,
        { answerMs: answerLimit(forMs), repeatable: true },
      );
    },
    async living() {
      return await db.transaction(async (transaction) => {
        const sql = 'select name from workers where lives_until > $1 order by name collate "C"';
        return (await transaction.all<{ name: string }>(sql, transaction.at)).map(({ name }) => name);
      });
    },
    claimName: async (worker, signal) =>
      await claimName({ address, worker, warn, signal: AbortSignal.any([signal, closing]) }),
    lead: async (signal) => await lead(address, AbortSignal.any([signal, closing])),
    ...logs(db),
  };
}
