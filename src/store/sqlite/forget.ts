/**
 * Housekeeping of the tables that grow with every delivery. Runs, their history and the keys of events are kept: a
 * delivery that is forgotten and comes again is received anew and settles as seen.
 *
 * A delivery is kept while an older one is unsettled. So whoever reads on after a forgotten delivery may read every
 * unsettled one: all of them came after it.
 */
import { ACTIVE_STATES } from "../../model/run.ts";
import type { Store } from "../store.ts";
import type { Context } from "./context.ts";
import { list } from "./rules.ts";

const DELIVERIES = `
  delete from deliveries where number in (
    select number from deliveries indexed by deliveries_settled
    where settled_at is not null and settled_at < ? and number < coalesce(
      (select min(number) from deliveries indexed by deliveries_open where settled_at is null), 9e18)
    order by settled_at limit ?)`;

/** A run that has not ended may still ask for an effect again, which must then be known. */
const EFFECTS = `
  delete from effects where place in (
    select place from effects e indexed by effects_settled
    where e.state <> 'waiting' and e.settled_at < ? and not exists (
      select 1 from runs where runs.id = e.run_id and runs.state in (${list(ACTIVE_STATES)}))
    order by e.settled_at limit ?)`;

export function forgetting({ db }: Context): Pick<Store, "forget"> {
  return {
    forget: async (before, limit) =>
      db.transaction(() => ({
        deliveries: db.run(DELIVERIES, before, limit),
        effects: db.run(EFFECTS, before, limit),
        logs: 0,
      })),
  };
}
