/** The bot's store, only read, past the bot: by its tables. One member a store. */
import type { RunState } from "../../src/model/run.ts";
import type { Clock, StoreFacts } from "./facts.ts";

/** A run that somebody holds. */
export interface HeldRun {
  readonly id: string;
  readonly state: RunState;
  /** Changes hands with the run. */
  readonly lease: string | null;
  readonly worker: string | null;
}

/** What is going on, at one look. */
export interface Sight {
  /** Preparing, running and publishing runs. */
  readonly held: readonly HeldRun[];
  readonly queued: number;
  readonly openDeliveries: number;
  readonly waitingEffects: number;
  /** Of those, the ones somebody has begun. */
  readonly begunEffects: number;
}

export interface StoreView {
  /** Null when the store can not be read now, as when it is down. */
  sight(): Promise<Sight | null>;
  facts(): Promise<StoreFacts>;
  close(): Promise<void>;
}

/** As both stores keep it. */
export interface RunRow {
  readonly id: string;
  readonly owner: string;
  readonly name: string;
  readonly issue: number;
  readonly state: RunState;
  readonly attempt: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly agent_ms: number;
  readonly model: string;
  readonly cancelled_by: string | null;
  readonly set_off: string;
  readonly outcome: string | null;
}

export interface EventRow {
  readonly run_id: string;
  readonly attempt: number;
  readonly from_state: RunState | null;
  readonly to_state: RunState;
  readonly at: number;
  readonly detail: string | null;
}

export interface ClockRow {
  readonly run_id: string;
  /** `time:<run>:<attempt>` */
  readonly key: string;
  readonly action: string;
}

export interface Rows {
  readonly runs: readonly RunRow[];
  /** Oldest first. */
  readonly events: readonly EventRow[];
  readonly clocks: readonly ClockRow[];
}

export function runFacts({ runs, events, clocks }: Rows): StoreFacts["runs"] {
  const moves = Map.groupBy(events, ({ run_id }) => run_id);
  const times = Map.groupBy(clocks, ({ run_id }) => run_id);
  return runs.map((row) => {
    const trigger = JSON.parse(row.set_off) as { commentId: string | null; label: string | null };
    const outcome = JSON.parse(row.outcome ?? "null") as { work?: { branch: string } | null } | null;
    return {
      id: row.id,
      issue: `${row.owner}/${row.name}#${row.issue}`,
      state: row.state,
      attempt: row.attempt,
      trigger: trigger.commentId ?? trigger.label ?? "",
      isLong: row.model === "long",
      cancelled: row.cancelled_by !== null,
      startedAt: row.started_at,
      endedAt: row.ended_at,
      agentMs: row.agent_ms,
      branch: outcome?.work?.branch ?? null,
      events: (moves.get(row.id) ?? []).map(({ from_state: from, to_state: to, attempt, at, detail }) => ({
        from,
        to,
        attempt,
        at,
        detail,
      })),
      clocks: (times.get(row.id) ?? []).map(clockOf),
    };
  });
}

function clockOf({ key, action }: ClockRow): Clock {
  const { startedAt, endedAt } = JSON.parse(action) as Omit<Clock, "attempt">;
  return { attempt: Number(key.slice(key.lastIndexOf(":") + 1)), startedAt, endedAt };
}
