/**
 * Reads another store's dump into this one, empty until then: all of it in one transaction, or nothing. What was read
 * in is marked with its source, so that a move that was interrupted after its commit is known to be done.
 */
import { Refusal } from "../../model/errors.ts";
import type { EffectRow, RunRow, StoreDump } from "../dump.ts";
import { type Address, addressOf } from "./address.ts";
import { Connection } from "./connection.ts";
import { refusalToOpen } from "./fault.ts";
import { type Column, insertAll } from "./insert-all.ts";
import { prepare } from "./opening.ts";
import { SCHEMA } from "./postgres-store.ts";
import type { Queue } from "./queue.ts";
import type { Transaction } from "./transaction.ts";

export interface ImportRequest {
  readonly url: string;
  /** Names where the dump is from; the worker whose workspaces its runs have. */
  readonly source: string;
  readonly dump: StoreDump;
  /** Hears how far it is. */
  readonly say: (line: string) => void;
  readonly schema?: string;
}

export interface Imported {
  readonly runs: number;
  readonly deliveries: number;
  readonly effects: number;
}

const MARK = "moved-from";

/** Throws a Refusal when the database cannot be used, or holds something else already. */
export async function importPostgres(request: ImportRequest): Promise<Imported> {
  const address = addressOf(request.url, request.schema ?? SCHEMA);
  const db = new Connection({ address, now: null, tell: () => "", committed: () => {} });
  let queue: Queue | null = null;
  try {
    queue = await prepare(address, db, { warn: request.say, upgrade: true });
    const jobs = queue;
    return await db.transaction(async (transaction) => {
      if (!(await isDone(transaction, request.source, address))) {
        await readIn(transaction, request);
        await jobs.repair(transaction);
      }
      return await counts(transaction);
    }, "queue");
  } catch (error) {
    throw refusalToOpen(address, error);
  } finally {
    await queue?.end();
    await db.close();
  }
}

async function counts(transaction: Transaction): Promise<Imported> {
  const row = await transaction.get<Imported>(`select (select count(*) from runs) as runs,
    (select count(*) from deliveries) as deliveries, (select count(*) from effects) as effects`);
  return row!;
}

/** True when this very source was read in before. */
async function isDone(transaction: Transaction, source: string, { label }: Address): Promise<boolean> {
  const mark = await transaction.get<{ value: string }>("select value from bookmarks where name = $1", MARK);
  if (mark?.value === source) return true;
  const { runs, deliveries, effects } = await counts(transaction);
  if (runs + deliveries + effects === 0 && !mark) return false;
  throw new Refusal(
    `moving the store: the database ${label} is not empty: ${runs} runs, ${deliveries} deliveries`,
    "Make an empty database and set DATABASE_URL to it.",
  );
}

async function readIn(transaction: Transaction, { dump, source, say }: ImportRequest): Promise<void> {
  const into = async <Row>(
    table: string,
    rows: Iterable<Row> | AsyncIterable<Row>,
    columns: readonly Column<Row>[],
  ) => {
    const written = await insertAll(transaction, table, rows, columns);
    say(`${table}: ${written}`);
  };
  // A run begins in the queue, save for one that is brought here.
  await transaction.run("alter table runs disable trigger user");
  await into("runs", dump.runs, runColumns(source));
  await transaction.run("alter table runs enable trigger user");
  await into("run_events", dump.events, [
    ["run_id", (row) => row.runId],
    ["attempt", (row) => row.attempt],
    ["from_state", (row) => row.from],
    ["to_state", (row) => row.to],
    ["at", (row) => row.at],
    ["detail", (row) => row.detail],
  ]);
  await into("deliveries", dump.deliveries, [
    ["forge", (row) => row.forge],
    ["id", (row) => row.id],
    ["event", (row) => row.event],
    ["body", (row) => JSON.stringify(row.body)],
    ["received_at", (row) => row.receivedAt],
    ["settled_at", (row) => row.settledAt],
    ["rejected", (row) => row.rejected],
  ]);
  await into("seen_keys", dump.keys, [["key", (key) => key]]);
  await into("issue_labels", dump.labels, [
    ["forge", (row) => row.repo.forge],
    ["owner", (row) => row.repo.owner],
    ["name", (row) => row.repo.name],
    ["issue", (row) => row.issue],
    ["labels", (row) => JSON.stringify(row.labels)],
  ]);
  await into("effects", dump.effects, effectColumns());
  await into("pools", dump.pools, [
    ["pool", (row) => row.pool],
    ["failures", (row) => row.failures],
    ["paused_until", (row) => row.pausedUntil],
    ["since", (row) => row.since],
  ]);
  await into("bookmarks", dump.bookmarks, [
    ["name", (row) => row.name],
    ["value", (row) => row.value],
  ]);
  await transaction.run("insert into bookmarks values ($1, $2)", MARK, source);
  const frozen = dump.settings.frozen ? 1 : 0;
  await transaction.run("update settings set value = $1 where name = 'frozen'", frozen);
  await transaction.run(`update counters
    set value = greatest(value, (select coalesce(max(place), 0) from runs)) where name = 'place'`);
  await transaction.run("select setval('effects_place', (select coalesce(max(place), 0) + 1 from effects))");
}

function runColumns(source: string): readonly Column<RunRow>[] {
  return [
    ["id", ({ run }) => run.id],
    ["forge", ({ run }) => run.repo.forge],
    ["owner", ({ run }) => run.repo.owner],
    ["name", ({ run }) => run.repo.name],
    ["issue", ({ run }) => run.issue.number],
    ["pool", ({ run }) => run.pool],
    ["model", ({ run }) => run.model ?? ""],
    ["priority", ({ run }) => run.priority],
    ["place", ({ place }) => place],
    ["state", ({ run }) => run.state],
    ["attempt", ({ run }) => run.attempt],
    ["lease", ({ lease }) => lease?.token ?? null],
    ["lease_until", ({ lease }) => lease?.until ?? null],
    ["lease_ms", ({ lease }) => (lease ? 0 : null)],
    ["worker", ({ lease }) => lease?.worker ?? null],
    ["keeper", ({ run }) => (run.workspace ? source : null)],
    ["created_at", ({ run }) => run.createdAt],
    ["queued_at", ({ run }) => run.queuedAt],
    ["started_at", ({ run }) => run.startedAt],
    ["ended_at", ({ run }) => run.endedAt],
    ["agent_ms", ({ run }) => run.agentMs],
    ["handle", ({ run }) => run.handle],
    ["session", ({ run }) => run.session],
    ["status_comment", ({ run }) => run.statusComment],
    ["cancelled_by", ({ run }) => json(run.cancelledBy)],
    ["workspace", ({ run }) => json(run.workspace)],
    ["outcome", ({ run }) => json(run.outcome)],
    ["report", ({ run }) => json(run.report)],
    ["answers", ({ run }) => JSON.stringify(run.answers)],
    ["snapshot", ({ run }) => JSON.stringify(run.issue)],
    ["set_off", ({ run }) => JSON.stringify(run.trigger)],
    ["request", ({ run }) => JSON.stringify(run.request)],
  ];
}

function effectColumns(): readonly Column<EffectRow>[] {
  return [
    ["place", (row) => row.place],
    ["id", (row) => row.id],
    ["version", (row) => row.version],
    ["key", (row) => row.key],
    ["forge", (row) => row.repo.forge],
    ["owner", (row) => row.repo.owner],
    ["name", (row) => row.repo.name],
    ["issue", (row) => row.issue],
    ["run_id", (row) => row.runId],
    ["kind", (row) => row.action.kind],
    ["action", (row) => JSON.stringify(row.action)],
    ["state", (row) => row.state],
    ["due_at", (row) => row.dueAt],
    ["since", (row) => row.since],
    ["tries", (row) => row.tries],
    ["taken", (row) => row.taken],
    ["reason", (row) => row.reason],
    ["settled_at", (row) => row.settledAt],
  ];
}

function json(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}
