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
    select number from deliveries where settled_at is not null and settled_at < $1 and number < coalesce(
      (select min(number) from deliveries where settled_at is null), 9e18::bigint)
    order by settled_at, number limit $2)`;

/** A run that has not ended may still ask for an effect again, which must then be known. */
const EFFECTS = `
  delete from effects where place in (
    select place from effects e where e.state <> 'waiting' and e.settled_at < $1 and not exists (
      select 1 from runs where runs.id = e.run_id and runs.state in (${list(ACTIVE_STATES)}))
    order by e.settled_at, place limit $2)`;

/** Whole logs; a run's end is its last event. */
const LOGS = `
  with old as (
    select run_id, attempt from log_pieces p where at = 0 and not exists (
      select 1 from runs where runs.id = p.run_id and runs.state in (${list(ACTIVE_STATES)}))
      and not exists (select 1 from run_events e where e.run_id = p.run_id and e.at >= $1)
    limit $2),
  gone as (delete from log_pieces p using old where p.run_id = old.run_id and p.attempt = old.attempt)
  select count(*) as n from old`;

/**
 * Of ended runs, those whose logs do not fit any more when the newest are kept: a run is as old as its last event, and
 * those that have not ended take their room first.
 */
const LARGE_LOGS = `
  with logs as (
    select run_id, attempt, sum(length(bytes)) as bytes from log_pieces group by run_id, attempt),
  aged as (
    select logs.*, coalesce((select max(e.at) from run_events e where e.run_id = logs.run_id), 0) as ended,
      exists (select 1 from runs where runs.id = logs.run_id and runs.state in (${list(ACTIVE_STATES)})) as active
    from logs),
  filled as (
    select *, sum(bytes) over (order by active desc, ended desc, run_id, attempt desc) as upto from aged),
  old as (
    select run_id, attempt from filled where upto > $1 and not active
    order by ended, run_id, attempt limit $2),
  gone as (delete from log_pieces p using old where p.run_id = old.run_id and p.attempt = old.attempt)
  select count(*) as n from old`;

export function forgetting({ db }: Context): Pick<Store, "forget"> {
  return {
    forget: async (before, limit, logBytes = null) =>
      await db.transaction(async (transaction) => {
        const logs = async (sql: string, bound: number) =>
          (await transaction.get<{ n: number }>(sql, bound, limit))?.n ?? 0;
        return {
          deliveries: await transaction.run(DELIVERIES, before, limit),
          effects: await transaction.run(EFFECTS, before, limit),
          logs: (await logs(LOGS, before)) + (logBytes === null ? 0 : await logs(LARGE_LOGS, logBytes)),
        };
      }),
  };
}
