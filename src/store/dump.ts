/**
 * Everything a store holds, in a shape that belongs to no database: what one adapter reads out, another can read in.
 * Rows come in an order in which they can be written again (what is referred to first). Numbers and places are
 * the writer's own; only their order means something. All times are epoch milliseconds.
 *
 * Not part of what a server does with its store: that is `store.ts`.
 */
import type { EffectAction } from "../model/effect.ts";
import type { Delivery } from "../model/event.ts";
import type { RepoRef, Run } from "../model/run.ts";
import type { RunEvent } from "./store.ts";

/** In the order they came. The body of a settled one is empty. */
export interface DeliveryRow extends Delivery {
  readonly number: number;
  /** Null while it is unsettled. */
  readonly settledAt: number | null;
  /** Why it was set aside; null most often. */
  readonly rejected: string | null;
}

/** An issue's labels as they were last seen. */
export interface LabelsRow {
  readonly repo: RepoRef;
  readonly issue: number;
  readonly labels: readonly string[];
}

/** In the order they were made. */
export interface RunRow {
  readonly number: number;
  /** The order in the queue among runs of one priority; of ended runs it means nothing. */
  readonly place: number;
  readonly run: Run;
  /** Set exactly in the leased states. */
  readonly lease: { readonly token: string; readonly until: number; readonly worker: string } | null;
}

/** In the order they happened, of all runs. */
export interface EventRow extends RunEvent {
  readonly number: number;
}

/** In the order they are to be done. */
export interface EffectRow {
  readonly place: number;
  /** Without the version that `Effect.id` carries behind a dot. */
  readonly id: string;
  /** Counts the replacements of a `status`, from 1. */
  readonly version: number;
  readonly key: string;
  readonly repo: RepoRef;
  readonly issue: number;
  readonly runId: string | null;
  readonly action: EffectAction;
  readonly state: "waiting" | "confirmed" | "given_up";
  readonly dueAt: number;
  /** Since when it is held or delayed. */
  readonly since: number;
  readonly tries: number;
  /** The version that was given out last; null when none was. */
  readonly taken: number | null;
  /** Why it was put off or given up last. */
  readonly reason: string | null;
  readonly settledAt: number | null;
}

export interface PoolRow {
  readonly pool: string;
  readonly failures: number;
  readonly pausedUntil: number | null;
  /** When the pause was begun; null when that is not known. */
  readonly since: number | null;
}

export interface BookmarkRow {
  readonly name: string;
  readonly value: string;
}

/** Each is to be read once and to its end before the next. */
export interface StoreDump {
  readonly deliveries: Iterable<DeliveryRow> | AsyncIterable<DeliveryRow>;
  /** The keys of all events that were ever settled. */
  readonly keys: Iterable<string> | AsyncIterable<string>;
  readonly labels: Iterable<LabelsRow> | AsyncIterable<LabelsRow>;
  readonly runs: Iterable<RunRow> | AsyncIterable<RunRow>;
  readonly events: Iterable<EventRow> | AsyncIterable<EventRow>;
  readonly effects: Iterable<EffectRow> | AsyncIterable<EffectRow>;
  readonly pools: Iterable<PoolRow> | AsyncIterable<PoolRow>;
  readonly bookmarks: Iterable<BookmarkRow> | AsyncIterable<BookmarkRow>;
  readonly settings: { readonly frozen: boolean };
}
