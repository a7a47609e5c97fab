/**
 * A run as a row of a table, and back: the columns that every store of ours has, with the same names and the same JSON.
 * Leases and the queue's order are each store's own.
 */
import type { Run, RunState } from "../model/run.ts";
import type { RunPatch } from "./store.ts";

export interface RunColumns {
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
}

/** Fields the patch leaves out are left out here. */
export function patchColumns(patch: RunPatch): Partial<RunColumns> {
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

export function toRun(row: RunColumns): Run {
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
