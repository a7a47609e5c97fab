/**
 * What does a long history cost at the start? Time and resident memory of a process that opens a store with 100,000
 * finished runs and asks it what a server asks first, over those of one that opens an empty store. Both files were
 * closed well, as a server at rest leaves them; the processes take turns.
 */
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openSqliteStore } from "../src/store/sqlite/sqlite-store.ts";

const RUNS = 100_000;
const ROUNDS = 7;
const GOAL = 2;

interface Start {
  /** Milliseconds from before the store is opened until it has answered. */
  readonly ms: number;
  /** Resident memory of the process then, in bytes. */
  readonly rss: number;
}

const [what, path = ""] = process.argv.slice(2);
if (what === "open") console.log(JSON.stringify(await start(path)));
else await compare();

async function compare(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "bench-start-"));
  try {
    const [full, empty] = [join(folder, "full.db"), join(folder, "empty.db")];
    await make(empty);
    await make(full);
    fill(full);
    const starts = { full: [] as Start[], empty: [] as Start[] };
    for (let n = 0; n < ROUNDS; n++) {
      starts.empty.push(startIn(empty));
      starts.full.push(startIn(full));
    }
    const ms = (all: Start[]) => median(all.map((one) => one.ms));
    const rss = (all: Start[]) => median(all.map((one) => one.rss));
    console.log(`a file of ${mebibytes(statSync(full).size)}; empty: ${ms(starts.empty).toFixed(1)} ms`);
    console.log(
      `start runs=${RUNS} ms=${ms(starts.full).toFixed(1)} rss=${mebibytes(rss(starts.full))} ` +
        `(over an empty store: time ${(ms(starts.full) / ms(starts.empty)).toFixed(2)}, ` +
        `memory ${(rss(starts.full) / rss(starts.empty)).toFixed(2)})`,
    );
    console.log(`time over that with an empty store, median of ${ROUNDS}; goal ${GOAL} or less`);
    console.log(`start ratio=${(ms(starts.full) / ms(starts.empty)).toFixed(2)}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function make(file: string): Promise<void> {
  await (await openSqliteStore({ file, now: Date.now, newId: randomUUID })).close();
}

/** Runs as they are when they have ended: with their history, what was said of them, and their deliveries. */
function fill(file: string): void {
  const db = new DatabaseSync(file);
  const text = JSON.stringify({ title: "An issue", body: "x".repeat(1_000) });
  db.exec("begin");
  db.exec(`create temp table n as with recursive n(n) as (select 1 union all select n + 1 from n where n < ${RUNS})
    select n from n`);
  db.prepare(`
    insert into runs (id, forge, owner, name, issue, pool, model, priority, place, state, attempt,
      created_at, queued_at, started_at, ended_at, agent_ms, answers, snapshot, set_off, request, outcome, report)
    select 'run-' || n, 'github', 'acme', 'repo-' || (n % 500), n, 'codex', '', 0, n,
      'queued', 1, n, n, n, n, 0, '[]', ?1, '{}', ?1, '{"kind":"completed","work":null,"review":null}', ?1 from n`).run(
    text,
  );
  for (const state of ["preparing", "running", "publishing", "completed"]) {
    db.exec(`update runs set state = '${state}'`);
    db.exec(
      `insert into run_events (run_id, attempt, to_state, at) select 'run-' || n, 1, '${state}', n from n`,
    );
  }
  db.exec(`insert into seen_keys select 'github:comment:' || n from n`);
  db.exec(`insert into deliveries (forge, id, event, body, received_at, settled_at)
    select 'github', 'delivery-' || n, 'issue_comment', '', n, n from n`);
  for (const [at, key] of ["eyes", "status", "answer"].entries()) {
    db.prepare(`
      insert into effects (place, id, version, key, forge, owner, name, issue, run_id, kind, action, state, due_at,
        tries, since, settled_at)
      select n * 3 + ?1, ?2 || n, 1, ?2 || ':' || n, 'github', 'acme', 'repo-' || (n % 500), n, 'run-' || n,
        'comment', ?3, 'confirmed', n, 1, n, n from n`).run(at, key, text.slice(0, 400));
  }
  db.exec("commit");
  db.close();
}

function startIn(file: string): Start {
  const argv = [import.meta.filename, "open", file];
  return JSON.parse(execFileSync(process.execPath, argv, { encoding: "utf8" })) as Start;
}

async function start(file: string): Promise<Start> {
  const begun = performance.now();
  const store = await openSqliteStore({ file, now: Date.now, newId: randomUUID });
  await store.takeOver("bench", 60_000, "own");
  await store.nextDeliveries(100);
  await store.takeEffects(["github"], 16, 60_000);
  await store.claim(
    "bench",
    { total: null, perRepository: null, perPool: null, pools: {}, models: {} },
    60_000,
  );
  await store.pools();
  const ms = performance.now() - begun;
  const rss = process.memoryUsage.rss();
  await store.close();
  return { ms, rss };
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)}MiB`;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
