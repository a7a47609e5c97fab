/**
 * Does a claim get slower as the queue grows? Measures the median time to claim with 100 and with 100,000 queued
 * runs, for queues of different shapes, each on a database file of its own with durable commits. Small and large take
 * turns, and each claimed run goes back to the queue, so both see the same disk and keep their size.
 */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openSqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import type { Caps, Store } from "../src/store/store.ts";

const SMALL = 100;
const LARGE = 100_000;
const CLAIMS = 300;
const NO_CAPS: Caps = { total: null, perRepository: null, perPool: null, pools: {}, models: {} };

interface Shape {
  readonly name: string;
  /** SQL over `n`, the run's number from 0. */
  readonly pool: string;
  readonly repository: string;
  readonly caps: Caps;
}

const SHAPES: readonly Shape[] = [
  { name: "all claimable, one pool", pool: "'codex'", repository: "n % 500", caps: NO_CAPS },
  {
    name: "all but the last 10 in a pool at its cap",
    pool: "case when n < total - 10 then 'busy' else 'codex' end",
    repository: "n % 500",
    caps: { ...NO_CAPS, pools: { busy: 0 } },
  },
  { name: "spread over 50 pools", pool: "'pool' || (n % 50)", repository: "n % 500", caps: NO_CAPS },
  {
    name: "all but the last 10 in a repository at its cap",
    pool: "'codex'",
    repository: "case when n < total - 10 then 0 else n end",
    caps: { ...NO_CAPS, perRepository: 1 },
  },
];

const folder = mkdtempSync(join(tmpdir(), "bench-claim-"));
try {
  const ratios: number[] = [];
  for (const shape of SHAPES) ratios.push(await compare(shape));
  console.log(
    `median claim time with ${LARGE} queued runs over that with ${SMALL}, worst of the shapes; goal 2 or less`,
  );
  console.log(`claim ratio=${Math.max(...ratios).toFixed(2)}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function compare(shape: Shape): Promise<number> {
  const small = await filled(shape, SMALL);
  const large = await filled(shape, LARGE);
  const times = { small: [] as number[], large: [] as number[] };
  for (let n = 0; n < CLAIMS; n++) {
    times.small.push(await timeClaim(small, shape.caps));
    times.large.push(await timeClaim(large, shape.caps));
  }
  const ahead = await timeAhead(large);
  await small.close();
  await large.close();
  const [fast, slow] = [median(times.small), median(times.large)];
  console.log(
    `${shape.name}: ${fast.toFixed(3)} ms with ${SMALL}, ${slow.toFixed(3)} ms with ${LARGE}, ` +
      `ratio ${(slow / fast).toFixed(2)} (place in the queue: ${ahead.toFixed(2)} ms)`,
  );
  return slow / fast;
}

/** A store with `total` queued runs, one leased run in the first repository when a cap asks for one. */
async function filled(shape: Shape, total: number): Promise<Store> {
  const file = join(folder, `${randomUUID()}.db`);
  const store = await openSqliteStore({ file, now: Date.now, newId: randomUUID });
  const db = new DatabaseSync(file);
  const text = "x".repeat(300);
  const json = JSON.stringify({ title: "An issue", body: text });
  db.prepare(`
    with recursive numbers(n, total) as (select 0, ?1 union all select n + 1, total from numbers where n + 1 < total)
    insert into runs (id, forge, owner, name, issue, pool, model, priority, place, state, attempt,
      created_at, queued_at, agent_ms, answers, snapshot, set_off, request)
    select 'run-' || n, 'github', 'acme', 'repo-' || (${shape.repository}), n, ${shape.pool}, '', 0, n + 1,
      'queued', 0, 0, 0, 0, '[]', ?2, ?2, ?2 from numbers`).run(total, json);
  db.prepare("update counters set value = ? where name = 'place'").run(total);
  // Everybody starts with the same empty log, as a server at rest does.
  db.exec("pragma wal_checkpoint(truncate)");
  db.close();
  if (shape.caps.perRepository !== null) await store.claim("bench", NO_CAPS, 3_600_000);
  return store;
}

/** Milliseconds. The run goes back to the queue, unmeasured. */
async function timeClaim(store: Store, caps: Caps): Promise<number> {
  const begun = performance.now();
  const claim = await store.claim("bench", caps, 60_000);
  const ms = performance.now() - begun;
  if (!claim) throw new Error("nothing could be claimed");
  await store.move(claim.lease, "queued", {}, []);
  return ms;
}

async function timeAhead(store: Store): Promise<number> {
  const begun = performance.now();
  await store.ahead(`run-${LARGE - 1}`);
  return performance.now() - begun;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
