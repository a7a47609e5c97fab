/**
 * A look back. Forgejo sends a webhook once and tells nobody when it was lost, so the repositories themselves are asked
 * what is new. A quiet repository costs one request; one with news two, and at least three more for each changed issue
 * that carries a label that commands or was closed. A look that has done its part (`pace.ts`) stops between two rows or
 * pages; the cursor keeps the place, and the next look goes on there. A repository that cannot be read is left behind
 * and looked at from there next time; it keeps nothing of the others from being found.
 */
import type { User } from "@llamaduck/forgejo-ts";
import { messageOf } from "../../model/errors.ts";
import type { Forge, Lookback, Missed } from "../forge.ts";
import { type Api, need } from "./api.ts";
import { Behind, troubleOf } from "./behind.ts";
import type { Window } from "./changed.ts";
import { type Cursor, readCursor, writeCursor } from "./cursor.ts";
import { concernsOne, statusOf } from "./errors.ts";
import { createPace, type Limits, type Pace, USUAL } from "./pace.ts";
import { BEGINNING, type Reading, readRepository } from "./read-repository.ts";
import { createReader, type Reader } from "./reader.ts";
import { asNamedNow, keyOf, type Listed, repositoriesOf } from "./repositories.ts";

/** A look goes over the end of the last one again, for what was being written then. */
const OVERLAP_MS = 3 * 60_000;

export function forgejoMissed(api: Api, limits: Partial<Limits> = {}): Pick<Forge, "missed"> {
  const all = { ...USUAL, ...limits };
  return {
    async missed(look) {
      const begun = all.ticks();
      const reader = createReader(api, look.signal);
      const action = "asking who the bot is";
      const { data, headers } = await reader.get<User>(action, "GET /user");
      const clock = clockIn(headers.date) ?? new Date(look.now).toISOString();
      const cursor = readCursor(look.cursor);
      if (cursor === null)
        return { deliveries: [], cursor: writeCursor({ since: clock, stopped: null, behind: {} }) };
      const self = need(data.id, "id", action);
      const repositories = await repositoriesOf(reader, look.repositories, api.config.name);
      const pace = createPace(reader.spent, begun, all);
      return await lookBack({ look, reader, cursor, clock, self, repositories, pace });
    },
  };
}

interface Looking {
  readonly look: Lookback;
  readonly reader: Reader;
  readonly cursor: Cursor;
  /** The forge's time at the beginning of the look. */
  readonly clock: string;
  readonly self: number;
  readonly repositories: ReadonlyMap<string, Listed>;
  readonly pace: Pace;
}

async function lookBack(looking: Looking): Promise<Missed> {
  const { look, cursor, repositories, pace } = looking;
  const { since, stopped } = cursor;
  const until = stopped?.until ?? looking.clock;
  const behind = new Behind(cursor.behind);
  const reading: Reading = { events: [], place: BEGINNING };
  let read = 0;
  let unread: { error: unknown } | null = null;
  for (const [key, listed] of repositories) {
    if (stopped && key < stopped.repo) continue;
    reading.place = stopped?.repo === key ? stopped : BEGINNING;
    const stop = () => ({ since, stopped: { ...reading.place, repo: key, until }, behind: behind.all() });
    if (pace.enough()) return await told(look, reading, stop());
    try {
      const window = await windowOn(key, listed, behind.since(key) ?? since, behind, looking);
      if (window && !(await readRepository(window, reading, pace))) return await told(look, reading, stop());
      if (reading.place.why === null) behind.delete(key);
      else behind.add(key, since, reading.place.why);
      if (window) read++;
    } catch (error) {
      const isLimited = statusOf(error) === 429;
      const isOver = look.signal.aborted || isLimited;
      if (isOver && pace.moved()) return await told(look, reading, stop(), isLimited ? error : undefined);
      if (isOver || !concernsOne(error)) throw error;
      // Gone, or not to be seen: of no concern to anybody.
      if ([403, 404].includes(error.status)) behind.delete(key);
      else behind.add(key, since, error.message);
      if (error.status !== 404) unread = { error };
    }
    pace.step();
  }
  // Not one that may be read: that is the token or the whole instance, and somebody has to know.
  if (read === 0 && unread && stopped === null) throw unread.error;
  behind.keepOnly(repositories);
  return await told(look, reading, { since: until, stopped: null, behind: behind.all() });
}

/** Null when the repository is not to be read, or its turn comes under the name that it has now. */
async function windowOn(
  key: string,
  { repo, isListed }: Listed,
  since: string,
  behind: Behind,
  { look, reader, self, repositories }: Looking,
): Promise<Window | null> {
  const now = isListed ? repo : await asNamedNow(reader, repo);
  if (now === null) return null;
  if (keyOf(now) !== key && repositories.has(keyOf(now))) {
    behind.rename(key, keyOf(now));
    return null;
  }
  const from = Math.max(Date.parse(since) - OVERLAP_MS, look.notBefore);
  return {
    repo: now,
    now: look.now,
    reader,
    from,
    since: new Date(from).toISOString(),
    self,
    issues: new Map(),
  };
}

/** Those of an earlier look are left out, the others told by when they happened. `error` is what ended the look. */
async function told(look: Lookback, { events }: Reading, cursor: Cursor, error?: unknown): Promise<Missed> {
  const known = await look.known(events.map(({ delivery }) => delivery.id));
  // A repository that we know by several names may have been read by each.
  const each = new Map(events.map((one) => [one.delivery.id, one]));
  const unknown = [...each.values()].filter(({ delivery }) => !known.has(delivery.id));
  const deliveries = unknown.sort((a, b) => a.at - b.at).map(({ delivery }) => delivery);
  const trouble = troubleOf(cursor, error === undefined ? null : messageOf(error));
  return { deliveries, cursor: writeCursor(cursor), trouble, through: cursor.stopped === null };
}

/** Null when the instance does not tell, or a proxy took it away. */
function clockIn(date: unknown): string | null {
  const at = typeof date === "string" ? Date.parse(date) : Number.NaN;
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}
