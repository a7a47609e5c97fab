/** A run as its row in the database, and back. Nothing else knows the columns' JSON. */
import type { Run, RunState } from "../../model/run.ts";
import type { RunPatch } from "../store.ts";
import type { Asker, Value } from "./transaction.ts";

export interface RunRow {
  readonly id: string;
  readonly forge: string;
  readonly owner: string;
  readonly name: string;
  readonly pool: string;
  readonly model: string;
  readonly priority: number;
  readonly state: RunState;
  readonly attempt: number;
  readonly created_at: number;
  readonly queued_at: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly agent_ms: number;
  readonly handle: string | null;
  readonly session: string | null;
  readonly status_comment: string | null;
  readonly cancelled_by: string | null;
  readonly workspace: string | null;
  readonly outcome: string | null;
  readonly report: string | null;
  readonly answers: string;
  readonly snapshot: string;
  readonly set_off: string;
  readonly request: string;
  readonly place: number;
  readonly lane: string;
  readonly worker: string | null;
}

/** Columns of `runs` with new values. */
export interface RunColumns extends Partial<Omit<RunRow, "lane">> {
  readonly lease?: string | null;
  readonly lease_until?: number | null;
  readonly lease_ms?: number | null;
  /** The worker that has the run's workspace. */
  readonly keeper?: string | null;
}

/** `rest` is SQL from `where` on. */
export async function selectRuns(db: Asker, rest: string, ...values: Value[]): Promise<Run[]> {
  return (await db.all<RunRow>(`select * from runs ${rest}`, ...values)).map(toRun);
}

/** The row as it is then; throws when there is no such run. */
export async function updateRun(db: Asker, id: string, columns: RunColumns): Promise<RunRow> {
  const names = Object.keys(columns);
  const values: Value[] = Object.values(columns);
  const sets = names.map((name, at) => `${name} = $${at + 2}`);
  // Nothing to write still reads the row.
  const sql = `update runs set ${sets.join(", ") || "id = id"} where id = $1 returning *`;
  const row = await db.get<RunRow>(sql, id, ...values);
  if (!row) throw new Error(`writing run ${id}: there is no such run`);
  return row;
}

/** Fields the patch leaves out are left out here. */
export function patchColumns(patch: RunPatch): RunColumns {
  return {
    ...(patch.workspace !== undefined && { workspace: JSON.stringify(patch.workspace) }),
    ...(patch.handle !== undefined && { handle: patch.handle }),
    ...(patch.session !== undefined && { session: patch.session }),
    ...(patch.startedAt !== undefined && { started_at: patch.startedAt }),
    ...(patch.endedAt !== undefined && { ended_at: patch.endedAt }),
    ...(patch.outcome !== undefined && { outcome: JSON.stringify(patch.outcome) }),
    ...(patch.report !== undefined && { report: JSON.stringify(patch.report) }),
  };
}

export function toRun(row: RunRow): Run {
  return {
    id: row.id,
    repo: { forge: row.forge, owner: row.owner, name: row.name },
    issue: JSON.parse(row.snapshot),
    trigger: JSON.parse(row.set_off),
    request: JSON.parse(row.request),
    pool: row.pool,
    model: row.model === "" ? null : row.model,
    priority: row.priority,
    state: row.state,
    attempt: row.attempt,
    createdAt: row.created_at,
    queuedAt: row.queued_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    agentMs: row.agent_ms,
    workspace: parsed(row.workspace),
    handle: row.handle,
    session: row.session,
    outcome: parsed(row.outcome),
    report: parsed(row.report),
    answers: JSON.parse(row.answers),
    statusComment: row.status_comment,
    cancelledBy: parsed(row.cancelled_by),
  };
}

function parsed<T>(json: string | null): T | null {
  return json === null ? null : (JSON.parse(json) as T);
}
