/**
 * An App's missed events: GitHub logs each webhook it sent, or could not send, for three days, newest first. Those that
 * did not arrive are taken from the log as they are, under their own id: should one arrive after all, it is the same.
 * One request when nothing was sent, one more for each hundred sent, one for each missed.
 */
import { z } from "zod";
import type { Delivery } from "../../model/event.ts";
import type { Forge, Lookback } from "../forge.ts";
import type { GithubClient } from "./client.ts";
import {
  callsOf,
  clockOf,
  endsLook,
  firstCursor,
  isGone,
  iso,
  type Mark,
  nextCursor,
  readMark,
} from "./look.ts";
import { concerns } from "./parse.ts";

interface Bounds {
  /** Of a hundred entries each, in one look; the next goes on there. */
  readonly pages: number;
  /** Deliveries found in one look; the next finds the rest. */
  readonly found: number;
}

const BOUNDS: Bounds = { pages: 50, found: 500 };

const Entry = z.object({
  /** Longer than a JavaScript number is exact, so it is kept as text. */
  id: z.string(),
  guid: z.string().min(1),
  delivered_at: z.string(),
  redelivery: z.boolean(),
  event: z.string(),
  action: z.string().nullish(),
});
const Page = z.array(Entry);
const Detail = z.object({
  request: z.object({ payload: z.record(z.string(), z.unknown()).nullish() }),
});

type Entry = z.output<typeof Entry>;
type Ask = GithubClient["asSelf"];

interface Part {
  readonly entries: readonly Entry[];
  /** ISO, on GitHub's clock. */
  readonly began: string;
  /** The page to go on with; null when the log was read back to the mark. */
  readonly next: string | null;
}

export function deliveryLog(client: GithubClient, bounds: Bounds = BOUNDS): Forge["missed"] {
  return async (look) => {
    const ask = callsOf(client, look);
    const mark = readMark(look.cursor, (rest) => !rest.includes("/"));
    if (look.cursor === null || mark === null) {
      return { deliveries: [], cursor: firstCursor((await page(ask, look, null, 1)).at) };
    }
    const part = await readBack(ask, look, mark, bounds.pages);
    const { found, through } = await take(ask, look, client.config.name, part.entries, bounds.found);
    return {
      deliveries: found,
      cursor: through ? nextCursor(mark, part.began, part.next) : look.cursor,
    };
  };
}

/** The log's entries since the mark, newest first. */
async function readBack(ask: Ask, look: Lookback, mark: Mark, most: number): Promise<Part> {
  const entries: Entry[] = [];
  const since = Math.max(Date.parse(mark.since), look.notBefore);
  let next = mark.rest?.from ?? null;
  let began = mark.rest?.began ?? null;
  for (let pages = 0; pages < most; pages++) {
    const read = await page(ask, look, next, 100).catch((error: unknown) => {
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

/** What did not arrive, oldest first; `through` is false when some of it has to be looked for again. */
async function take(ask: Ask, look: Lookback, forge: string, entries: readonly Entry[], most: number) {
  const attempts = new Map<string, Entry[]>();
  for (const entry of entries.toReversed()) {
    if (!concerns(entry.event, entry.action ?? "")) continue;
    attempts.set(entry.guid, [...(attempts.get(entry.guid) ?? []), entry]);
  }
  const known = await look.known([...attempts.keys()]);
  const found: Delivery[] = [];
  let failure: unknown = null;
  for (const [guid, tries] of attempts) {
    if (known.has(guid)) continue;
    if (found.length === most) return { found, through: false };
    try {
      const delivery = await fetchOne(ask, look, forge, tries);
      if (delivery) found.push(delivery);
    } catch (error) {
      if (isGone(error)) continue;
      failure = error;
      if (endsLook(error, look)) break;
    }
  }
  if (failure !== null && found.length === 0) throw failure;
  return { found, through: failure === null };
}

/** Null when the log has lost what was sent: then GitHub is asked, once, to send it again. */
async function fetchOne(
  ask: Ask,
  look: Lookback,
  forge: string,
  tries: readonly Entry[],
): Promise<Delivery | null> {
  const last = tries.at(-1);
  if (!last) return null;
  const url = `/app/hook/deliveries/${last.id}`;
  const payload = await ask(`reading the missed delivery ${last.guid}`, async (octokit, request) => {
    const { data } = await octokit.request({ method: "GET", url, request });
    return Detail.parse(data).request.payload ?? {};
  });
  if (Object.keys(payload).length > 0) {
    const body = JSON.stringify(payload);
    return { id: last.guid, forge, event: last.event, body, receivedAt: look.now };
  }
  if (!tries.some((one) => one.redelivery)) {
    await ask(`asking for the delivery ${last.guid} again`, (octokit, request) =>
      octokit.request({ method: "POST", url: `${url}/attempts`, request }),
    );
  }
  return null;
}

async function page(ask: Ask, look: Lookback, cursor: string | null, size: number) {
  return await ask("reading the App's log of deliveries", async (octokit, request) => {
    const { data, headers } = await octokit.request({
      method: "GET",
      url: "/app/hook/deliveries",
      per_page: size,
      ...(cursor !== null && { cursor }),
      request: { ...request, parseSuccessResponseBody: false },
    });
    return {
      entries: Page.parse(JSON.parse(withTextIds(await new Response(data).text()))),
      at: clockOf(headers, look),
      next: nextPage(headers.link),
    };
  });
}

function withTextIds(json: string): string {
  return json.replaceAll(/"id":\s*(\d+)/g, '"id":"$1"');
}

function nextPage(link: string | undefined): string | null {
  const url = /<([^>]+)>;\s*rel="next"/.exec(link ?? "")?.[1];
  return url ? new URL(url).searchParams.get("cursor") : null;
}
