/** Runs as rows of PostgreSQL: read and written. What their columns hold is in `../run-columns.ts`. */
import type { Run } from "../../model/run.ts";
import { type RunColumns as Shared, toRun } from "../run-columns.ts";
import type { Asker, Value } from "./transaction.ts";

export interface RunRow extends Shared {
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
