/**
 * SQLite's file, opened for each look and closed after it: a connection held open would take part in what the bot's
 * next start has to do alone, after a kill. So nobody may look between a kill and the next start's readiness.
 */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import {
  type ClockRow,
  type EventRow,
  type HeldRun,
  type RunRow,
  runFacts,
  type StoreView,
} from "./store-view.ts";

export function sqliteView(file: string): StoreView {
  const look = <T>(read: (all: <Row>(sql: string) => Row[]) => T): T => {
    const db = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
    try {
      db.exec("begin");
      return read(<Row>(sql: string) => db.prepare(sql).all() as Row[]);
    } finally {
      db.close();
    }
  };
  const count = (all: <Row>(sql: string) => Row[], sql: string) =>
    all<{ n: number }>(`select count(*) as n from ${sql}`)[0]?.n ?? 0;
  return {
    async sight() {
      if (!existsSync(file)) return null;
      return look((all) => ({
        held: all<HeldRun>("select id, state, lease, worker from runs where lease is not null"),
        queued: count(all, "runs where state = 'queued'"),
        openDeliveries: count(all, "deliveries where settled_at is null"),
        waitingEffects: count(all, "effects where state = 'waiting'"),
        begunEffects: count(all, "effects where state = 'waiting' and tries > 0"),
      }));
    },
    async facts() {
      return look((all) => ({
        runs: runFacts({
          runs: all<RunRow>("select * from runs order by number"),
          events: all<EventRow>("select * from run_events order by number"),
          clocks: all<ClockRow>("select run_id, key, action from effects where kind = 'time' order by place"),
        }),
        openDeliveries: count(all, "deliveries where settled_at is null"),
        waitingEffects: count(all, "effects where state = 'waiting'"),
        givenUp: all<{ line: string }>(
          `select owner || '/' || name || '#' || issue || ' ' || key || ': ' || coalesce(reason, '') as line
             from effects where state = 'given_up' and kind <> 'stopwatch'`,
        ).map(({ line }) => line),
        setAside: all<{ line: string }>(
          "select id || ' ' || event || ': ' || rejected as line from deliveries where rejected is not null",
        ).map(({ line }) => line),
      }));
    },
    close: async () => {},
  };
}
