/** Looking at runs, and at what is kept of issues and events, without changing them. Lists come newest first. */
import { ACTIVE_STATES, type RepoRef, type Run, type RunState } from "../../model/run.ts";
import type { RunEvent, RunFilter, Store } from "../store.ts";
import type { Connection } from "./connection.ts";
import type { Context } from "./context.ts";
import { list } from "./rules.ts";
import { selectRuns } from "./run-rows.ts";

const OF_ISSUE = "forge = ? and owner = ? and name = ? and issue = ?";

/** Two ranges of one index; a single `or` would read the whole queue's rows. */
const AHEAD = `
  select (select count(*) from runs indexed by runs_queue where state = 'queued' and priority > self.priority)
    + (select count(*) from runs indexed by runs_queue
       where state = 'queued' and priority = self.priority and place < self.place) as n
  from runs self where id = ? and state = 'queued'`;

/** Each spelt as it was last (a run's number is its age); one that only has labels as it is there. */
const REPOSITORIES = `
  select forge, owner, name from (
    select forge, owner, name, max(number) as last from (
      select forge, owner, name, number from runs where forge = ?1
      union all select forge, owner, name, 0 from issue_labels where forge = ?1)
    group by owner, name)
  order by owner, name`;

export function runById(db: Connection, id: string): Run | null {
  return selectRuns(db, "where id = ?", id)[0] ?? null;
}

export function activeRun(db: Connection, repo: RepoRef, issue: number): Run | null {
  const where = `where ${OF_ISSUE} and state in (${list(ACTIVE_STATES)})`;
  return selectRuns(db, where, repo.forge, repo.owner, repo.name, issue)[0] ?? null;
}

export function queries({
  db,
}: Context): Pick<
  Store,
  | "run"
  | "runs"
  | "activeRun"
  | "lastRun"
  | "ahead"
  | "waiting"
  | "repositories"
  | "events"
  | "labels"
  | "seen"
> {
  return {
    run: async (id) => runById(db, id),
    runs: async (filter) => filtered(db, filter),
    activeRun: async (repo, issue) => activeRun(db, repo, issue),
    async lastRun(repo, issue) {
      const where = `where ${OF_ISSUE} order by number desc limit 1`;
      return selectRuns(db, where, repo.forge, repo.owner, repo.name, issue)[0] ?? null;
    },
    ahead: async (runId) => db.get<{ n: number }>(AHEAD, runId)?.n ?? 0,
    async waiting(priority) {
      const sql = "select count(*) as n from runs where state = 'queued' and priority >= ?";
      return db.get<{ n: number }>(sql, priority)?.n ?? 0;
    },
    repositories: async (forge) => db.all<RepoRef>(REPOSITORIES, forge).map((row) => ({ ...row })),
    events: async (runId) =>
      db.all<EventColumns>("select * from run_events where run_id = ? order by number", runId).map(toEvent),
    async labels(repo, issue) {
      const row = db.get<{ labels: string }>(
        `select labels from issue_labels where ${OF_ISSUE}`,
        repo.forge,
        repo.owner,
        repo.name,
        issue,
      );
      return row ? (JSON.parse(row.labels) as string[]) : null;
    },
    async seen(keys) {
      const sql = "select key from seen_keys where key in (select value from json_each(?))";
      return new Set(db.all<{ key: string }>(sql, JSON.stringify(keys)).map(({ key }) => key));
    },
  };
}

function filtered(db: Connection, { states, repo, issue, pool, order, limit }: RunFilter): Run[] {
  const where: string[] = [];
  const values: (string | number)[] = [];
  const also = (sql: string, ...more: (string | number)[]) => {
    where.push(sql);
    values.push(...more);
  };
  if (states) also(`state in (${states.map(() => "?").join(", ")})`, ...states);
  if (repo) also("forge = ? and owner = ? and name = ?", repo.forge, repo.owner, repo.name);
  if (issue !== undefined) also("issue = ?", issue);
  if (pool !== undefined) also("pool = ?", pool);
  const condition = where.length > 0 ? `where ${where.join(" and ")}` : "";
  const sorted = order === "next" ? "priority desc, place" : "number desc";
  return selectRuns(db, `${condition} order by ${sorted} limit ?`, ...values, limit ?? -1);
}

export interface EventColumns {
  readonly run_id: string;
  readonly attempt: number;
  readonly from_state: RunState | null;
  readonly to_state: RunState;
  readonly at: number;
  readonly detail: string | null;
}

export function toEvent(row: EventColumns): RunEvent {
  return {
    runId: row.run_id,
    attempt: row.attempt,
    from: row.from_state,
    to: row.to_state,
    at: row.at,
    detail: row.detail,
  };
}
