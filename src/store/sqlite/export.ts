/**
 * Reads a whole store out, row by row, in the shape of `dump.ts`. The file is brought to the newest schema first, like
 * at any opening. All of it is read as it stood at one moment, whatever is written meanwhile; whoever moves house
 * should hold the data folder all the same. Writes no row.
 */
import type {
  BookmarkRow,
  DeliveryRow,
  EffectRow,
  EventRow,
  LabelsRow,
  PoolRow,
  RunRow,
  StoreDump,
} from "../dump.ts";
import { type RunColumns, toRun } from "../run-columns.ts";
import { type Connection, connect } from "./connection.ts";
import { checkAfterCrash } from "./crash-check.ts";
import { migrate } from "./migrate.ts";
import { isFrozen } from "./pools.ts";
import { type EventColumns, toEvent } from "./queries.ts";
import type { LeaseColumns } from "./run-rows.ts";
import { refusalOf } from "./trouble.ts";

export interface Export extends StoreDump {
  /** Rows of each table, for progress and for checking. */
  readonly counts: Readonly<Record<ExportTable, number>>;
  close(): void;
}

type ExportTable = Exclude<keyof StoreDump, "settings">;

const TABLES: Readonly<Record<ExportTable, string>> = {
  deliveries: "deliveries",
  keys: "seen_keys",
  labels: "issue_labels",
  runs: "runs",
  events: "run_events",
  effects: "effects",
  pools: "pools",
  bookmarks: "bookmarks",
};

/** Close it when done. Throws a Refusal when the file cannot be used as a store. */
export function exportStore(file: string): Export {
  checkAfterCrash(file);
  const db = connect(file);
  try {
    migrate(db, file);
    db.script("begin");
    return { ...rows(db), counts: counted(db), close: () => db.close() };
  } catch (error) {
    db.close();
    throw refusalOf(file, error);
  }
}

function counted(db: Connection): Record<ExportTable, number> {
  const count = (table: string) => db.get<{ n: number }>(`select count(*) as n from ${table}`)?.n ?? 0;
  const entries = Object.entries(TABLES).map(([name, table]) => [name, count(table)] as const);
  return Object.fromEntries(entries) as Record<ExportTable, number>;
}

function rows(db: Connection): StoreDump {
  return {
    settings: { frozen: isFrozen(db) },
    deliveries: db.each<DeliveryRow>(
      `select number, forge, id, event, body, received_at as receivedAt, settled_at as settledAt, rejected
       from deliveries order by number`,
    ),
    keys: mapped(db.each<{ key: string }>("select key from seen_keys order by key"), ({ key }) => key),
    labels: mapped(db.each<LabelColumns>("select * from issue_labels"), toLabels),
    runs: mapped(db.each<RunTableRow>("select * from runs order by number"), toRunRow),
    events: mapped(db.each<EventTableRow>("select * from run_events order by number"), toEventRow),
    effects: mapped(db.each<EffectColumns>("select * from effects order by place"), toEffect),
    pools: db.each<PoolRow>("select pool, failures, paused_until as pausedUntil, since from pools"),
    bookmarks: db.each<BookmarkRow>("select name, value from bookmarks"),
  };
}

function* mapped<Row, T>(from: Iterable<Row>, to: (row: Row) => T): Generator<T> {
  for (const row of from) yield to(row);
}

interface RepoColumns {
  readonly forge: string;
  readonly owner: string;
  readonly name: string;
}

interface LabelColumns extends RepoColumns {
  readonly issue: number;
  readonly labels: string;
}

function toLabels({ forge, owner, name, issue, labels }: LabelColumns): LabelsRow {
  return { repo: { forge, owner, name }, issue, labels: JSON.parse(labels) as string[] };
}

type RunTableRow = RunColumns & LeaseColumns & { readonly number: number; readonly place: number };

function toRunRow(row: RunTableRow): RunRow {
  const { number, place, lease: token, lease_until: until, worker } = row;
  const lease = token === null ? null : { token, until: until ?? 0, worker: worker ?? "" };
  return { number, place, run: toRun(row), lease };
}

type EventTableRow = EventColumns & { readonly number: number };

function toEventRow(row: EventTableRow): EventRow {
  return { number: row.number, ...toEvent(row) };
}

interface EffectColumns extends RepoColumns {
  readonly place: number;
  readonly id: string;
  readonly version: number;
  readonly key: string;
  readonly issue: number;
  readonly run_id: string | null;
  readonly action: string;
  readonly state: EffectRow["state"];
  readonly due_at: number;
  readonly since: number;
  readonly tries: number;
  readonly taken: number | null;
  readonly reason: string | null;
  readonly settled_at: number | null;
}

function toEffect({
  place,
  id,
  version,
  key,
  issue,
  state,
  since,
  tries,
  taken,
  ...row
}: EffectColumns): EffectRow {
  const { forge, owner, name, run_id: runId, due_at: dueAt, settled_at: settledAt, reason } = row;
  return {
    ...{ place, id, version, key, issue, state, since, tries, taken, runId, dueAt, settledAt, reason },
    repo: { forge, owner, name },
    action: JSON.parse(row.action),
  };
}
