/** Looking at runs, and at what is kept of issues and events, without changing them. Lists come newest first. */
import { ACTIVE_STATES, type RepoRef, type Run, type RunState } from "../../model/run.ts";
import type { RunEvent, RunFilter, Store } from "../store.ts";
import type { Context } from "./context.ts";
import { list } from "./rules.ts";
import { selectRuns } from "./run-rows.ts";
import type { Asker, Value } from "./transaction.ts";

const OF_ISSUE = "forge = $1 and lower(owner) = lower($2) and lower(name) = lower($3) and issue = $4";

const AHEAD = `
  select (select count(*) from runs where state = 'queued' and priority > self.priority)
    + (select count(*) from runs where state = 'queued' and priority = self.priority and place < self.place) as n
  from runs self where id = $1 and state = 'queued'`;

/** Each spelt as it was last (a run's number is its age); one that only has labels as it is there. */
const REPOSITORIES = `
  select distinct on (lower(owner), lower(name)) forge, owner, name from (
    select forge, owner, name, number from runs where forge = $1
    union all select forge, owner, name, 0 from issue_labels where forge = $1) as spelt
  order by lower(owner), lower(name), number desc`;

export function ofIssue(repo: RepoRef, issue: number): [string, string, string, number] {
  return [repo.forge, repo.owner, repo.name, issue];
}

export async function activeRun(db: Asker, repo: RepoRef, issue: number): Promise<Run | null> {
  const where = `where ${OF_ISSUE} and state in (${list(ACTIVE_STATES)})`;
  return (await selectRuns(db, where, ...ofIssue(repo, issue)))[0] ?? null;
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
    run: async (id) => (await selectRuns(db, "where id = $1", id))[0] ?? null,
    runs: async (filter) => await filtered(db, filter),
    activeRun: async (repo, issue) => await activeRun(db, repo, issue),
    async lastRun(repo, issue) {
      const where = `where ${OF_ISSUE} order by number desc limit 1`;
      return (await selectRuns(db, where, ...ofIssue(repo, issue)))[0] ?? null;
    },
    ahead: async (runId) => (await db.get<{ n: number }>(AHEAD, runId))?.n ?? 0,
    async waiting(priority) {
      const sql = "select count(*) as n from runs where state = 'queued' and priority >= $1";
      return (await db.get<{ n: number }>(sql, priority))?.n ?? 0;
    },
    repositories: async (forge) => await db.all<RepoRef>(REPOSITORIES, forge),
    async events(runId) {
      const sql = "select * from run_events where run_id = $1 order by number";
      return (await db.all<EventRow>(sql, runId)).map(toEvent);
    },
    async labels(repo, issue) {
      const sql = `select labels from issue_labels where ${OF_ISSUE}`;
      const row = await db.get<{ labels: string }>(sql, ...ofIssue(repo, issue));
      return row ? (JSON.parse(row.labels) as string[]) : null;
    },
    async seen(keys) {
      const sql = "select key from seen_keys where key = any($1)";
      return new Set((await db.all<{ key: string }>(sql, keys)).map(({ key }) => key));
    },
  };
}

async function filtered(db: Asker, { states, repo, issue, pool, order, limit }: RunFilter): Promise<Run[]> {
  const where: string[] = [];
  const values: Value[] = [];
  const also = (sql: (value: string) => string, value: Value) => {
    values.push(value);
    where.push(sql(`$${values.length}`));
  };
  if (states) also((value) => `state = any(${value})`, states);
  if (repo) {
    also((value) => `forge = ${value}`, repo.forge);
    also((value) => `lower(owner) = lower(${value})`, repo.owner);
    also((value) => `lower(name) = lower(${value})`, repo.name);
  }
  if (issue !== undefined) also((value) => `issue = ${value}`, issue);
  if (pool !== undefined) also((value) => `pool = ${value}`, pool);
  const condition = where.length > 0 ? `where ${where.join(" and ")}` : "";
  const sorted = order === "next" ? "priority desc, place" : "number desc";
  const rest = `${condition} order by ${sorted} limit $${values.length + 1}`;
  return await selectRuns(db, rest, ...values, limit ?? null);
}

interface EventRow {
  readonly run_id: string;
  readonly attempt: number;
  readonly from_state: RunState | null;
  readonly to_state: RunState;
  readonly at: number;
  readonly detail: string | null;
}

function toEvent(row: EventRow): RunEvent {
  return {
    runId: row.run_id,
    attempt: row.attempt,
    from: row.from_state,
    to: row.to_state,
    at: row.at,
    detail: row.detail,
  };
}
