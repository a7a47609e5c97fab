/** Requests to an App's log of deliveries: a page of it, and what one delivery carried. */
import { z } from "zod";
import type { Delivery } from "../../model/event.ts";
import type { Lookback } from "../forge.ts";
import { type Calls, clockOf, type Lost } from "./look.ts";
import { rowsOf } from "./rows.ts";

const Entry = z.object({
  /** Longer than a JavaScript number is exact, so it is kept as text. */
  id: z.string(),
  guid: z.string().min(1),
  delivered_at: z.iso.datetime({ offset: true }),
  redelivery: z.boolean(),
  event: z.string(),
  action: z.string().nullish(),
});
const Detail = z.object({
  request: z.object({ payload: z.record(z.string(), z.unknown()).nullish() }),
});

export type Entry = z.output<typeof Entry>;

type Ask = Calls["ask"];

/** Newest first. `at` is GitHub's time. */
export async function page(
  ask: Ask,
  look: Lookback,
  cursor: string | null,
  size: number,
  troubles: Set<string>,
) {
  const action = "reading the App's log of deliveries";
  return await ask(action, async (octokit, request) => {
    const { data, headers } = await octokit.request({
      method: "GET",
      url: "/app/hook/deliveries",
      per_page: size,
      ...(cursor !== null && { cursor }),
      request: { ...request, parseSuccessResponseBody: false },
    });
    const rows: unknown = JSON.parse(withTextIds(await new Response(data).text()));
    return {
      entries: rowsOf(Entry, rows, action, troubles),
      at: clockOf(headers, look),
      next: nextPage(headers.link),
    };
  });
}

/** Null when the log has lost what was sent: then GitHub is asked, once, to send it again. */
export async function fetchLost(
  ask: Ask,
  look: Lookback,
  forge: string,
  lost: Lost,
): Promise<Delivery | null> {
  const { id, guid, event, redelivery } = lost;
  const url = `/app/hook/deliveries/${id}`;
  const payload = await ask(`reading the missed delivery ${guid}`, async (octokit, request) => {
    const { data } = await octokit.request({ method: "GET", url, request });
    const detail = Detail.safeParse(data);
    if (!detail.success) throw new Error("the log's entry does not tell what was sent");
    return detail.data.request.payload ?? {};
  });
  if (Object.keys(payload).length > 0) {
    const body = JSON.stringify(payload);
    return { id: guid, forge, event, body, receivedAt: look.now };
  }
  if (!redelivery) {
    await ask(`asking for the delivery ${guid} again`, (octokit, request) =>
      octokit.request({ method: "POST", url: `${url}/attempts`, request }),
    );
  }
  return null;
}

function withTextIds(json: string): string {
  return json.replaceAll(/"id":\s*(\d+)/g, '"id":"$1"');
}

function nextPage(link: string | undefined): string | null {
  const url = /<([^>]+)>;\s*rel="next"/.exec(link ?? "")?.[1];
  return url ? new URL(url).searchParams.get("cursor") : null;
}
