/** The App's log of its webhooks, which the emulator lacks: every attempt, answered or not, and attempts made anew. */
import { type ApiPart, type ApiReply, type ApiRequest, refusal, reply } from "./api.ts";
import type { Attempt, Hooks } from "./hooks.ts";

const ROUTE = /^\/app\/hook\/deliveries(?:\/(\d+)(\/attempts)?)?$/;

export interface DeliveryLogOptions {
  readonly hooks: Hooks;
  readonly url: string;
  /** GUIDs of which the log holds no payload any more. */
  readonly emptied: ReadonlySet<string>;
}

export function deliveryLogPart({ hooks, url, emptied }: DeliveryLogOptions): ApiPart {
  return (request) => {
    const match = ROUTE.exec(request.path);
    if (!match) return null;
    const [, id, attempts] = match;
    if (id === undefined) return page(request, hooks, url);
    const attempt = hooks.log.find((one) => one.id === id);
    if (!attempt) return refusal(404, "Not Found");
    if (!attempts) return json(detailed(attempt, emptied));
    hooks.redeliver(attempt.delivery.id);
    return reply(202, {});
  };
}

/** Newest first; an attempt is there once it has ended. */
function page({ query }: ApiRequest, hooks: Hooks, url: string): ApiReply {
  const size = Number(query.get("per_page") ?? 30);
  const before = /^v1_(\d+)$/.exec(query.get("cursor") ?? "")?.[1];
  const ended = hooks.log.filter(({ delivery }) => delivery.status !== null).reverse();
  const left = before === undefined ? ended : ended.filter(({ id }) => BigInt(id) < BigInt(before));
  const shown = left.slice(0, size);
  const last = shown.at(-1);
  const next = `${url}/app/hook/deliveries?per_page=${size}&cursor=v1_${last?.id}`;
  return json(shown.map(listed), last && left.length > size ? { link: `<${next}>; rel="next"` } : {});
}

function listed({ id, at, redelivery, delivery }: Attempt): object {
  const { status } = delivery;
  return {
    id,
    guid: delivery.id,
    delivered_at: new Date(at).toISOString(),
    redelivery,
    duration: 0.1,
    status: status === 0 ? "failed to connect to host" : String(status),
    status_code: status,
    event: delivery.event,
    action: delivery.action,
    installation_id: null,
    repository_id: null,
    throttled_at: null,
  };
}

function detailed(attempt: Attempt, emptied: ReadonlySet<string>): object {
  const { id, headers, body } = attempt.delivery;
  const payload: unknown = emptied.has(id) ? null : JSON.parse(body);
  return { ...listed(attempt), request: { headers, payload }, response: { headers: {}, payload: null } };
}

/** With ids as the long numbers they are; only the entries' own, which begin an object. */
function json(value: object, headers: Readonly<Record<string, string>> = {}): ApiReply {
  const text = JSON.stringify(value).replaceAll(/(\{)"id":"(\d{18})"/g, '$1"id":$2');
  return reply(200, text, headers);
}
