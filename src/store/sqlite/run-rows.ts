/** Runs as rows of SQLite: read and written. What their columns hold is in `../run-columns.ts`. */
import type { Run } from "../../model/run.ts";
import { type RunColumns as Shared, toRun } from "../run-columns.ts";
import type { Connection } from "./connection.ts";

/** Columns of `runs` with new values. */
export interface RunColumns extends Partial<Shared & LeaseColumns> {
  readonly place?: number;
}

export interface LeaseColumns {
  readonly lease: string | null;
  readonly lease_until: number | null;
  readonly worker: string | null;
}

/** `rest` is SQL from `where` on. */
export function selectRuns(db: Connection, rest: string, ...values: (string | number)[]): Run[] {
  return db.all<Shared>(`select * from runs ${rest}`, ...values).map(toRun);
}

export function updateRun(db: Connection, id: string, columns: RunColumns): void {
  const names = Object.keys(columns);
  if (names.length === 0) return;
  const sets = names.map((name) => `${name} = ?`).join(", ");
  db.run(`update runs set ${sets} where id = ?`, ...Object.values(columns), id);
}
