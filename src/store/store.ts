/**
 * The durable middle. Contract for the adapters in `sqlite/` (one machine) and `postgres/` (many).
 *
 * Life of a delivery: `receive` (on disk when it resolves) → `nextDeliveries` → `settle` (marks it done and, in the
 * same transaction, everything that follows from it). A crash before `settle` means it is read again.
 * Life of a run: `settle` puts it in the queue → `claim` gives it to one worker under a lease → `heartbeat` keeps the
 * lease → `move` along the arrows of `model/run.ts`, each with the effects that follow → `release` is the last move.
 * Every method is safe to call again after a crash; a write under a lost lease throws LeaseLost and changes nothing.
 */
import type { Effect, NewEffect } from "../model/effect.ts";
import type { Delivery } from "../model/event.ts";
import type { Outcome, RunReport } from "../model/outcome.ts";
import type {
  Actor,
  Answer,
  IssueSnapshot,
  RepoRef,
  Run,
  RunRequest,
  RunState,
  RunWorkspace,
  Trigger,
} from "../model/run.ts";

/** Caps on leased runs; null is no cap. Keys of `models` are `pool:model`. Read at each claim, so a reload counts. */
export interface Caps {
  readonly total: number | null;
  readonly perRepository: number | null;
  readonly perPool: number | null;
  readonly pools: Readonly<Record<string, number>>;
  readonly models: Readonly<Record<string, number>>;
}

export interface NewRun {
  readonly id: string;
  readonly repo: RepoRef;
  readonly issue: IssueSnapshot;
  readonly trigger: Trigger;
  readonly request: RunRequest;
  readonly priority: number;
}

/** One change asked of the store by a person's command. */
export type Change =
  | { readonly kind: "enqueue"; readonly run: NewRun }
  /** failed | timed_out | cancelled → queued; blocked → queued with an answer. */
  | { readonly kind: "requeue"; readonly runId: string; readonly answer: Answer | null }
  /**
   * Ends a queued or blocked run at once; marks a leased one so that its worker stops it. `from` is what was decided
   * on, and another finding is a conflict: what was said of the one does not hold for the other.
   */
  | {
      readonly kind: "cancel";
      readonly runId: string;
      readonly by: Actor;
      readonly from?: "waiting" | "leased";
    }
  /** Remembers an issue's labels, for forges that do not say which was added. */
  | {
      readonly kind: "labels";
      readonly repo: RepoRef;
      readonly issue: number;
      readonly labels: readonly string[];
    };

export type DeliveryId = Pick<Delivery, "forge" | "id">;

/** What comes of a delivery. `keys` are the events' keys: one already seen makes the store drop this whole settlement. */
export interface Settlement {
  readonly delivery: { readonly forge: string; readonly id: string };
  readonly keys: readonly string[];
  readonly changes: readonly Change[];
  readonly effects: readonly NewEffect[];
}

/** `seen`: another delivery of the same happening came first. `conflict`: an active run appeared on the issue, or a
 * run moved, in between: nothing was written; read again and decide anew. */
export type Settled = "done" | "seen" | "conflict";

export interface Lease {
  readonly runId: string;
  readonly token: string;
}

export interface Claim {
  readonly run: Run;
  readonly lease: Lease;
  /** Whose lease it was before, when it was taken over; null for a run fresh from the queue. */
  readonly from: string | null;
}

/** What a move records along with the new state. Left-out fields stay as they are. */
export interface RunPatch {
  readonly workspace?: RunWorkspace;
  readonly handle?: string | null;
  readonly session?: string | null;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly outcome?: Outcome;
  readonly report?: RunReport;
}

/** One transition, as it is kept for the log, `status` and metrics. */
export interface RunEvent {
  readonly runId: string;
  readonly attempt: number;
  readonly from: RunState | null;
  readonly to: RunState;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly detail: string | null;
}

/** Which leases are taken over: those an earlier process of this very worker left, or those lost so long ago. */
export type Leaseholder = "own" | { readonly lostMs: number };

/** What a run's end means for its pool: failures in a row pause it, any other end begins the count anew. */
export interface PoolEnd {
  readonly result: "quick_failure" | "other";
  /** Failures in a row that pause the pool, and for how long. */
  readonly failures: number;
  readonly pauseMs: number;
}

export interface MoveNote {
  /** For the run's history. */
  readonly detail?: string;
  /** Counted in the same transaction. */
  readonly pool?: PoolEnd;
}

export interface PoolState {
  readonly pool: string;
  readonly failures: number;
  /** Epoch milliseconds; null when not paused. */
  readonly pausedUntil: number | null;
}

export interface RunFilter {
  readonly states?: readonly RunState[];
  readonly repo?: RepoRef;
  readonly issue?: number;
  readonly pool?: string;
  /** `next`: as they would be claimed, caps and pauses aside. */
  readonly order?: "newest" | "next";
  readonly limit?: number;
}

export interface LogPiece {
  readonly runId: string;
  readonly attempt: number;
  /** Where the piece begins in the attempt's log, in bytes of UTF-8. */
  readonly at: number;
  readonly text: string;
}

export interface Forgotten {
  readonly deliveries: number;
  readonly effects: number;
  readonly logs: number;
}

/** What a store that many machines use at once has beside the rest. A worker's name is the same in its next life. */
export interface Fleet {
  /** Tells that a worker lives, for so long unless told again; 0 when it goes. What it keeps a workspace of waits for it. */
  present(worker: string, forMs: number): Promise<void>;
  /**
   * Takes the worker's name for this process until `signal` aborts or the store is closed. Waits about half a minute
   * for an earlier process of that name to be gone, then rejects with a Refusal; rejects when `signal` aborts before.
   */
  claimName(worker: string, signal: AbortSignal): Promise<void>;
  /** The workers that live, by name. */
  living(): Promise<readonly string[]>;
  /**
   * Resolves when this process alone does what one must do alone (inbox, catch-up, housekeeping of the store), with a
   * signal that aborts when that is over. Another process may begin a moment before this one has noticed. Rejects
   * when `signal` aborts, which also gives it up.
   */
  lead(signal: AbortSignal): Promise<AbortSignal>;
  /** Keeps a copy of a log where every process can read it. A piece at 0 begins it anew; one that is there is ignored. */
  appendLog(piece: LogPiece): Promise<void>;
  /** What of the log comes from byte `from` on, at most about 1 MB; "" when nothing does, null when there is no log. */
  readLog(runId: string, attempt: number, from: number): Promise<string | null>;
}

export interface Store {
  /** Null for a store that one process has for itself. */
  readonly fleet: Fleet | null;

  /** True when stored now, false when this delivery id was stored before. Durable when it resolves. */
  receive(delivery: Delivery): Promise<boolean>;
  /** Unsettled deliveries, oldest first; only those that came after `after`, which may be settled by now. */
  nextDeliveries(limit: number, after?: DeliveryId | null): Promise<readonly Delivery[]>;
  /** An unsettled delivery; null when it was settled or set aside, or never came. */
  delivery(which: DeliveryId): Promise<Delivery | null>;
  /** Which of these deliveries were received before. */
  known(forge: string, ids: readonly string[]): Promise<ReadonlySet<string>>;
  settle(settlement: Settlement): Promise<Settled>;
  /** Which of these events' keys were settled before, whatever delivery brought them. */
  seen(keys: readonly string[]): Promise<ReadonlySet<string>>;
  /** Sets a delivery aside that cannot be read, with the reason, so that it does not block the ones behind it. */
  reject(delivery: { readonly forge: string; readonly id: string }, reason: string): Promise<void>;

  run(id: string): Promise<Run | null>;
  /** Newest first. */
  runs(filter: RunFilter): Promise<readonly Run[]>;
  /** The run that makes the issue busy (`ACTIVE_STATES`), if any. */
  activeRun(repo: RepoRef, issue: number): Promise<Run | null>;
  /** The newest run of the issue, whatever its state. */
  lastRun(repo: RepoRef, issue: number): Promise<Run | null>;
  /** How many queued runs would be claimed before this one, caps and pauses aside. */
  ahead(runId: string): Promise<number>;
  /** How many a new run of this priority would stand behind. */
  waiting(priority: number): Promise<number>;
  /** Every repository of a forge that a run or a label was ever recorded of. */
  repositories(forge: string): Promise<readonly RepoRef[]>;
  events(runId: string): Promise<readonly RunEvent[]>;
  labels(repo: RepoRef, issue: number): Promise<readonly string[] | null>;

  /**
   * The first queued run that freeze, pauses and caps allow, moved to `preparing`, attempt counted. Null: none. Runs of
   * the `closed` forges are left where they are; those of them that are `publishing` only wait for their forge, and do
   * not count under the caps.
   */
  claim(worker: string, caps: Caps, leaseMs: number, closed?: readonly string[]): Promise<Claim | null>;
  /** Extends the lease; tells whether a cancel was asked for. Throws LeaseLost. */
  heartbeat(lease: Lease, leaseMs: number): Promise<{ readonly cancelledBy: Actor | null }>;
  /** Moves the run and records its effects, in one transaction. Throws LeaseLost, or an error on a wrong arrow. */
  move(
    lease: Lease,
    to: RunState,
    patch: RunPatch,
    effects: readonly NewEffect[],
    note?: MoveNote,
  ): Promise<Run>;
  /** Records facts without moving (session id, handle). Throws LeaseLost. */
  note(lease: Lease, patch: RunPatch): Promise<void>;
  /**
   * Takes over leased runs: at start the worker's `own`, whatever their lease; later those whose lease ran out
   * `lostMs` ago or more. Time in which no worker could reach the store does not count as lost.
   */
  takeOver(worker: string, leaseMs: number, whose: Leaseholder): Promise<readonly Claim[]>;

  /** Pauses until a time the provider gave, or resumes with null. */
  pausePool(pool: string, until: number | null): Promise<void>;
  pools(): Promise<readonly PoolState[]>;
  frozen(): Promise<boolean>;
  setFrozen(frozen: boolean): Promise<void>;

  /** Adds effects outside any move (live status, pause announcements). */
  addEffects(effects: readonly NewEffect[]): Promise<void>;
  /**
   * Takes due effects of these forges, at most one per issue and the oldest of it, counting a try; not given twice
   * within `holdMs`.
   */
  takeEffects(forges: readonly string[], limit: number, holdMs: number): Promise<readonly Effect[]>;
  /** Confirms. `ref` is what the forge called the result; a `status` effect's becomes the run's statusComment. */
  confirmEffect(id: string, ref: string | null): Promise<void>;
  /** Puts it back until `at` (epoch ms), or gives it up for good with `at` null. */
  delayEffect(id: string, at: number | null, reason: string): Promise<void>;
  /** Effects not yet confirmed or given up, for readiness and drain. */
  pendingEffects(): Promise<number>;

  /** A word kept for whoever asks under this name, such as how far a forge was looked through; null when none is. */
  bookmark(name: string): Promise<string | null>;
  setBookmark(name: string, value: string): Promise<void>;

  /**
   * Forgets at most `limit` each of the deliveries settled and the effects confirmed or given up before `before`
   * (epoch milliseconds), and of the copied logs of runs that ended before it. Keys of events are kept for good. Beyond
   * `logBytes` of copied logs, if given, those of the ended runs that are oldest go too, until the rest is within it.
   */
  forget(before: number, limit: number, logBytes?: number | null): Promise<Forgotten>;

  /** Resolves at the next change that could let `what` proceed, or when aborted. Wake-ups may be spurious. */
  changed(what: "deliveries" | "queue" | "cancels" | "effects", signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
