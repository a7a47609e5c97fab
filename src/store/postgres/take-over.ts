/** Taking over leased runs. The attempt is the same one: its agent may still be at work. */

import { toRun } from "../run-columns.ts";
import type { Claim, Leaseholder, Store } from "../store.ts";
import { keepLeaseTime } from "./clock.ts";
import type { Context } from "./context.ts";
import { answerLimit } from "./limit.ts";
import { updateRun } from "./run-rows.ts";
import type { Transaction } from "./transaction.ts";

interface Leased {
  readonly id: string;
  readonly worker: string;
}

export function takingOver(context: Context): Pick<Store, "takeOver"> {
  return {
    async takeOver(worker, leaseMs, whose) {
      const limit = { answerMs: answerLimit(leaseMs), repeatable: true };
      return await context.db.transaction(
        async (transaction) => {
          // Asked every few seconds, so nothing is locked when there is nothing to take.
          if (!(await transaction.get("select 1 from runs where lease is not null limit 1"))) return [];
          await keepLeaseTime(context, transaction, leaseMs);
          const found = await leased(transaction, worker, whose);
          const claims: Claim[] = [];
          for (const { id, worker: from } of found) {
            const token = context.newId();
            const columns = {
              lease: token,
              lease_until: transaction.at + leaseMs,
              lease_ms: leaseMs,
              worker,
            };
            const run = toRun(await updateRun(transaction, id, columns));
            claims.push({ run, lease: { runId: id, token }, from });
          }
          return claims;
        },
        undefined,
        limit,
      );
    },
  };
}

async function leased(transaction: Transaction, worker: string, whose: Leaseholder): Promise<Leased[]> {
  const all = "select id, worker from runs where lease is not null";
  if (whose === "own") {
    return await transaction.all(`${all} and worker = $1 order by number for update`, worker);
  }
  return await transaction.all(
    `${all} and lease_until <= $1 order by lease_until, number for update`,
    transaction.at - whose.lostMs,
  );
}
