/**
 * A look back. Forgejo sends a webhook once and tells nobody when it was lost, so the repositories themselves are asked
 * what is new. A quiet repository costs one request; one with news two, and two more for each changed issue that carries
 * a label that commands or was closed. After MOST_REQUESTS a look stops between two pages; the cursor keeps the place,
 * and the next look goes on there.
 */
import type { User } from "@llamaduck/forgejo-ts";
import type { Forge, Lookback, Missed } from "../forge.ts";
import { type Api, need } from "./api.ts";
import { changedIssues, newComments, type Window } from "./changed.ts";
import { type Cursor, readCursor, type Stop, writeCursor } from "./cursor.ts";
import { statusOf } from "./errors.ts";
import { createReader, type Reader } from "./reader.ts";
import type { Replayed } from "./replay.ts";
import { keyOf, repositoriesOf } from "./repositories.ts";

/** Beside those that list the repositories. */
const MOST_REQUESTS = 500;
/** A look goes over the end of the last one again, for what was being written then. */
const OVERLAP_MS = 3 * 60_000;

/** `most` is how many requests a look makes before it stops at the end of a page. */
export function forgejoMissed(api: Api, most = MOST_REQUESTS): Pick<Forge, "missed"> {
  return {
    async missed(look) {
      const reader = createReader(api, look.signal);
      const action = "asking who the bot is";
      const { data, headers } = await reader.get<User>(action, "GET /user");
      const clock = clockIn(headers.date) ?? new Date(look.now).toISOString();
      const cursor = readCursor(look.cursor);
      if (cursor === null) return { deliveries: [], cursor: writeCursor({ since: clock, stopped: null }) };
      const self = need(data.id, "id", action);
      return await lookBack(look, reader, cursor, { clock, self, forge: api.config.name, most });
    },
  };
}

interface Here {
  /** The forge's time at the beginning of the look. */
  readonly clock: string;
  readonly self: number;
  readonly forge: string;
  readonly most: number;
}

async function lookBack(look: Lookback, reader: Reader, cursor: Cursor, here: Here): Promise<Missed> {
  const { stopped } = cursor;
  const until = stopped?.until ?? here.clock;
  const from = Math.max(Date.parse(cursor.since) - OVERLAP_MS, look.notBefore);
  const shared = { reader, now: look.now, self: here.self, from, since: new Date(from).toISOString() };
  const events: Replayed[] = [];
  let unread: { error: unknown } | null = null;
  let read = 0;
  const repositories = await repositoriesOf(reader, look.repositories, here.forge);
  const budget = reader.spent() + here.most;
  for (const repo of repositories.filter((one) => stopped === null || keyOf(one) >= stopped.repo)) {
    const window: Window = { ...shared, repo, issues: new Map() };
    const begin = stopped?.repo === keyOf(repo) ? stopped : ({ list: "issues", page: 1 } as const);
    try {
      const stop = await readRepository(window, begin, budget, events);
      if (stop) return await told(look, events, { since: cursor.since, stopped: { ...stop, until } });
      read++;
    } catch (error) {
      // Gone, or not to be seen: of no concern to the others.
      if (![403, 404].includes(statusOf(error))) throw error;
      if (statusOf(error) === 403) unread = { error };
    }
  }
  // Not one that may be read: that is the token, and somebody has to know.
  if (read === 0 && unread) throw unread.error;
  return await told(look, events, { since: until, stopped: null });
}

/** Adds to `events`. Where it stopped; null when all was read. */
async function readRepository(
  window: Window,
  begin: Pick<Stop, "list" | "page">,
  budget: number,
  events: Replayed[],
): Promise<Stop | null> {
  let { list, page } = begin;
  for (;;) {
    if (window.reader.spent() >= budget) return { repo: keyOf(window.repo), list, page };
    const found = await (list === "issues" ? changedIssues : newComments)(window, page);
    events.push(...found.events);
    if (!found.isLast) page++;
    else if (list === "issues" && (found.any || page > 1)) [list, page] = ["comments", 1];
    else return null;
  }
}

/** Those of an earlier look are left out, the others told by when they happened. */
async function told(look: Lookback, events: readonly Replayed[], cursor: Cursor): Promise<Missed> {
  const known = await look.known(events.map(({ delivery }) => delivery.id));
  const unknown = events.filter(({ delivery }) => !known.has(delivery.id));
  const deliveries = unknown.sort((a, b) => a.at - b.at).map(({ delivery }) => delivery);
  return { deliveries, cursor: writeCursor(cursor) };
}

/** Null when the instance does not tell, or a proxy took it away. */
function clockIn(date: unknown): string | null {
  const at = typeof date === "string" ? Date.parse(date) : Number.NaN;
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}
