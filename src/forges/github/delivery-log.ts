/**
 * An App's missed events: GitHub logs each webhook it sent, or could not send, for three days, newest first. Those that
 * did not arrive are taken from the log as they are, under their own id: should one arrive after all, it is the same.
 * One request when nothing was sent, one more for each hundred sent, one for each missed. One that cannot be read holds
 * up no other: it is noted, and tried again by the looks after it until the log has lost it.
 */
import { messageOf } from "../../model/errors.ts";
import type { Delivery } from "../../model/event.ts";
import type { Forge, Lookback } from "../forge.ts";
import type { GithubClient } from "./client.ts";
import { type Entry, fetchLost, page } from "./delivery-log-page.ts";
import {
  before,
  type Calls,
  callsOf,
  cursorOf,
  endsLook,
  firstCursor,
  isGone,
  iso,
  type Lost,
  type Mark,
  readMark,
  troubleOf,
} from "./look.ts";
import { concerns } from "./parse.ts";

interface Bounds {
  /** Of a hundred entries each, in one look; the next goes on there. */
  readonly pages: number;
  /** Entries asked for in one look; the next goes on there. */
  readonly entries: number;
}

const BOUNDS: Bounds = { pages: 200, entries: 500 };
/** Entries noted one by one; when more failed, the next look begins at the first that could not be noted. */
const MOST_NOTED = 100;

interface Reading {
  readonly ask: Calls["ask"];
  readonly look: Lookback;
  readonly mark: Mark;
  readonly troubles: Set<string>;
}

interface Part {
  /** Newest first. */
  readonly entries: readonly Entry[];
  /** ISO, on GitHub's clock. */
  readonly began: string;
  /** The page to go on with; null when the log was read back to the mark. */
  readonly next: string | null;
}

interface Taken {
  /** Oldest first. */
  readonly found: readonly Delivery[];
  /** To be tried again. */
  readonly noted: readonly Lost[];
  /** When the first was sent that was neither taken nor noted; null when there is none. */
  readonly left: string | null;
  readonly stopped: boolean;
  /** What ended the look. */
  readonly failure: unknown;
}

export function deliveryLog(client: GithubClient, bounds: Bounds = BOUNDS): Forge["missed"] {
  return async (look) => {
    const { ask } = callsOf(client, look);
    const mark = readMark(look.cursor, (from) => from !== "" && !from.includes("/"));
    const troubles = new Set<string>();
    if (look.cursor === null || mark === null) {
      return { deliveries: [], cursor: firstCursor((await page(ask, look, null, 1, troubles)).at) };
    }
    const reading: Reading = { ask, look, mark, troubles };
    const part = await readBack(reading, bounds.pages);
    const taken = await take(reading, client.config.name, part.entries, bounds.entries);
    const next = nextMark(mark, part, taken);
    const { found, noted, failure } = taken;
    const isUseless = found.length === 0 && noted.length <= mark.entries.length && next.since === mark.since;
    // Refused at once: whoever asked has to know how long to wait.
    if (failure !== null && isUseless) throw failure;
    if (failure !== null && !look.signal.aborted) troubles.add(messageOf(failure));
    const through = next.rest === null && !taken.stopped;
    return { deliveries: found, cursor: cursorOf(next), trouble: troubleOf(troubles), through };
  };
}

/** The log's entries since the mark. */
async function readBack({ ask, look, mark, troubles }: Reading, most: number): Promise<Part> {
  const entries: Entry[] = [];
  const since = Math.max(Date.parse(mark.since), look.notBefore);
  let next = mark.rest?.from ?? null;
  let began = mark.rest?.began ?? null;
  for (let pages = 0; pages < most; pages++) {
    const read = await page(ask, look, next, 100, troubles).catch((error: unknown) => {
      // What a look left over lies beyond the three days that GitHub keeps.
      if (next !== null && isGone(error)) return { entries: [], at: look.now, next: null };
      throw error;
    });
    began ??= iso(read.at);
    const fresh = read.entries.filter((entry) => Date.parse(entry.delivered_at) >= since);
    entries.push(...fresh);
    next = fresh.length < read.entries.length ? null : read.next;
    if (next === null) break;
  }
  return { entries, began: began ?? mark.since, next };
}

/** What did not arrive, the oldest first; then what was noted before. */
async function take(
  { ask, look, mark, troubles }: Reading,
  forge: string,
  entries: readonly Entry[],
  most: number,
): Promise<Taken> {
  const lost = lostOf(entries);
  const earlier = mark.entries.filter(({ guid, at }) => !lost.has(guid) && Date.parse(at) >= look.notBefore);
  const known = await look.known([...lost.keys(), ...earlier.map(({ guid }) => guid)]);
  const missing = [...lost.values(), ...earlier].filter(({ guid }) => !known.has(guid));
  const found: { readonly delivery: Delivery; readonly at: string }[] = [];
  const noted: Lost[] = [];
  let left: string | null = null;
  const taken = (stopped: boolean, failure: unknown): Taken => {
    const inOrder = found.sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
    return { found: inOrder.map(({ delivery }) => delivery), noted, left, stopped, failure };
  };
  const stop = (index: number, failure: unknown): Taken => {
    noted.push(...missing.slice(index).filter((one) => earlier.includes(one)));
    left ??= missing.slice(index).find((one) => !earlier.includes(one))?.at ?? null;
    return taken(true, failure);
  };
  for (const [index, one] of missing.entries()) {
    if (index >= most) return stop(index, null);
    try {
      const delivery = await fetchLost(ask, look, forge, one);
      if (delivery) found.push({ delivery, at: one.at });
    } catch (error) {
      if (isGone(error)) continue;
      if (endsLook(error, look)) return stop(index, error);
      troubles.add(messageOf(error));
      if (earlier.includes(one) || noted.length < MOST_NOTED) noted.push(one);
      else left ??= one.at;
    }
  }
  return taken(false, null);
}

/** By guid, the oldest first. */
function lostOf(entries: readonly Entry[]): ReadonlyMap<string, Lost> {
  const lost = new Map<string, Lost>();
  for (const { id, guid, event, action, delivered_at, redelivery } of entries.toReversed()) {
    if (!concerns(event, action ?? "")) continue;
    const first = lost.get(guid);
    const at = first?.at ?? delivered_at;
    lost.set(guid, { id, guid, event, at, redelivery: redelivery || (first?.redelivery ?? false) });
  }
  return lost;
}

/** Where the next look goes on; what a look left that was not through to the mark is met again on the same way. */
function nextMark(mark: Mark, { began, next }: Part, { left, noted }: Taken): Mark {
  const kept = { repositories: {}, entries: [...noted] };
  if (left === null) {
    if (next !== null) return { ...kept, since: mark.since, rest: { began, from: next, within: null } };
    return { ...kept, since: before(began), rest: null };
  }
  const from = next === null ? Math.max(Date.parse(before(left)), Date.parse(mark.since)) : null;
  return { ...kept, since: from === null ? mark.since : iso(from), rest: mark.rest };
}
