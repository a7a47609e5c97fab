/**
 * The queue of runs: pg-boss, used for that alone. A job stands for a queued run, comes and goes in the transactions
 * of the run's moves, and is never seen "active" from outside. Leases are ours (see ADR 8), so pg-boss does no work by
 * itself here: it neither supervises nor deletes nor retries.
 *
 * pg-boss orders by priority, then by `created_on`, the transaction's time, which says nothing of the order of two
 * transactions at once. So `created_on` is set to the run's place.
 */
import { PgBoss } from "pg-boss";
import type { Connection } from "./connection.ts";
import { JOB_ID, jobId } from "./job-id.ts";
import type { Transaction } from "./transaction.ts";

const RUNS = "runs";
/** Longest that PostgreSQL's integer holds, 68 years: the default deletes what waits for two weeks. */
const FOR_EVER_SECONDS = 2_147_483_647;
const STOP_MS = 1_000;

export interface QueuedRun {
  readonly id: string;
  readonly place: number;
  readonly priority: number;
  readonly lane: string;
}

export interface Queue {
  put(transaction: Transaction, runs: readonly QueuedRun[]): Promise<void>;
  /** Takes the first job that is in none of these lanes off the queue; the run's id, null when there is none. */
  take(transaction: Transaction, closed: readonly string[]): Promise<{ runId: string; job: string } | null>;
  drop(transaction: Transaction, place: number): Promise<void>;
  /** Gives every queued run its job, and takes away what is none. */
  repair(transaction: Transaction): Promise<void>;
  /** Ends its timers at once; resolves when what it was asking has come to an end, too. Never rejects. */
  end(): Promise<void>;
}

/**
 * Makes or updates pg-boss's tables, or with `upgrade` false looks whether they are the right ones; to be called by one
 * process at a time.
 */
export async function openQueue(
  db: Connection,
  schema: string,
  warn: (why: string) => void,
  upgrade: boolean,
): Promise<Queue> {
  const boss = new PgBoss({
    db: db.executor,
    schema,
    migrate: upgrade,
    supervise: false,
    schedule: false,
    registerInstance: false,
    openTelemetry: { enabled: false },
  });
  boss.on("error", (error) => warn(error.message));
  const queue = working(boss, schema);
  try {
    await boss.start();
    if (upgrade && !(await boss.getQueue(RUNS))) {
      await boss.createQueue(RUNS, { policy: "standard", retentionSeconds: FOR_EVER_SECONDS, retryLimit: 0 });
    }
  } catch (error) {
    // It has timers as soon as it begins to start, and they would keep the process alive.
    void queue.end();
    throw error;
  }
  return queue;
}

function working(boss: PgBoss, schema: string): Queue {
  const table = `${schema}.job`;
  const put: Queue["put"] = async (transaction, runs) => {
    if (runs.length === 0) return;
    const jobs = runs.map(({ id, place, priority, lane }) => ({
      id: jobId(place),
      data: { run: id },
      priority,
      group: { id: lane },
    }));
    await boss.insert(RUNS, jobs, { db: transaction.executor });
    await transaction.run(
      `update ${table} set created_on = 'epoch'::timestamptz + place * interval '1 microsecond'
       from unnest($2::uuid[], $3::bigint[]) as given (job, place) where name = $1 and id = job`,
      RUNS,
      jobs.map(({ id }) => id),
      runs.map(({ place }) => place),
    );
  };
  const remove = (transaction: Transaction, jobs: readonly string[]) =>
    boss.deleteJob(RUNS, [...jobs], { db: transaction.executor });
  return {
    put,
    async take(transaction, closed) {
      const [job] = await boss.fetch<{ run: string }>(RUNS, {
        batchSize: 1,
        // A run enqueued after this transaction began would otherwise count as deferred.
        ignoreStartAfter: true,
        ignoreGroups: [...closed],
        db: transaction.executor,
      });
      if (!job) return null;
      await remove(transaction, [job.id]);
      return { runId: job.data.run, job: job.id };
    },
    async drop(transaction, place) {
      await remove(transaction, [jobId(place)]);
    },
    async repair(transaction) {
      const strays = await transaction.all<{ id: string }>(
        `select id from ${table} where name = $1 and (state <> 'created' or not exists (
           select 1 from runs where runs.state = 'queued' and ${JOB_ID} = job.id and lane = job.group_id))`,
        RUNS,
      );
      if (strays.length > 0) await remove(transaction, strays.map(({ id }) => id)); // biome-ignore format: one thought
      const without = await transaction.all<QueuedRun>(
        `select id, place, priority, lane from runs where state = 'queued'
           and not exists (select 1 from ${table} where job.name = $1 and job.id = ${JOB_ID}) order by place`,
        RUNS,
      );
      await put(transaction, without);
    },
    end: () => boss.stop({ close: false, graceful: false, timeout: STOP_MS }).catch(() => undefined),
  };
}
