/**
 * Signed webhooks with all of Forgejo's headers, in the text that Forgejo's Go writes. As on Forgejo, a delivery is tried once, given up after five
 * seconds and never sent again by itself; sending it again by hand makes a new delivery with a new id.
 */
import { createHmac, randomUUID } from "node:crypto";
import type { Hook } from "./state.ts";

/** The coarse event, Forgejo's finer type (which hooks choose by), and the payload. */
interface Happening {
  readonly event: string;
  readonly type: string;
  readonly payload: object;
}

export interface SentDelivery {
  readonly id: string;
  readonly hookId: number;
  readonly event: string;
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The receiver's status; null while under way, 0 when there was none. */
  readonly status: number | null;
}

export interface WebhookSender {
  /** Sends to those of the hooks that want it; per hook in the order of the calls. Does not wait. */
  send(hooks: readonly Hook[], happening: Happening): void;
  /** The same body to the same hook as a new delivery; returns its id. Throws when there is no such delivery. */
  redeliver(id: string): string;
  sent(): readonly SentDelivery[];
  /** Ends what is under way. */
  close(): Promise<void>;
}

const TIMEOUT_MS = 5_000;

export function webhookSender(log: (line: string) => void, timeoutMs = TIMEOUT_MS): WebhookSender {
  const sent: SentDelivery[] = [];
  const hooksById = new Map<number, Hook>();
  const queues = new Map<number, Promise<void>>();
  const closing = new AbortController();

  function queue(hook: Hook, event: string, type: string, body: string): string {
    const id = randomUUID();
    hooksById.set(hook.id, hook);
    const at = sent.push({
      id,
      hookId: hook.id,
      event,
      type,
      body,
      headers: headersOf(hook, id, event, type, body),
      status: null,
    });
    const before = queues.get(hook.id) ?? Promise.resolve();
    queues.set(
      hook.id,
      before.then(() => deliver(hook, at - 1)),
    );
    return id;
  }

  async function deliver(hook: Hook, at: number): Promise<void> {
    const delivery = sent[at];
    if (!delivery || closing.signal.aborted) return;
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(timeoutMs)]);
    const { headers, body } = delivery;
    const status = await fetch(hook.url, { method: "POST", headers, body, signal, redirect: "manual" }).then(
      async (response) => {
        await response.body?.cancel();
        return response.status;
      },
      () => 0,
    );
    sent[at] = { ...delivery, status };
    log(`webhook ${delivery.type} → ${status === 0 ? "no answer" : status}`);
  }

  return {
    send(hooks, { event, type, payload }) {
      const body = goJson(payload);
      for (const hook of hooks) {
        if (hook.active && (hook.events === null || hook.events.includes(type)))
          queue(hook, event, type, body);
      }
    },
    redeliver(id) {
      const delivery = sent.find((one) => one.id === id);
      const hook = delivery && hooksById.get(delivery.hookId);
      if (!hook) throw new Error(`no delivery ${id}`);
      return queue(hook, delivery.event, delivery.type, delivery.body);
    },
    sent: () => sent,
    async close() {
      closing.abort();
      await Promise.all(queues.values());
    },
  };
}

/** Go's `json.MarshalIndent(payload, "", "  ")`, which also escapes what HTML and JavaScript mind. */
function goJson(payload: object): string {
  return JSON.stringify(payload, null, 2).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function headersOf(
  hook: Hook,
  id: string,
  event: string,
  type: string,
  body: string,
): Record<string, string> {
  const sign = (algorithm: string) =>
    hook.secret === "" ? "" : createHmac(algorithm, hook.secret).update(body).digest("hex");
  const headers: Record<string, string> = {
    "content-type": "application/json",
    "user-agent": "Go-http-client/1.1",
    "x-hub-signature": `sha1=${sign("sha1")}`,
    "x-hub-signature-256": `sha256=${sign("sha256")}`,
  };
  const families = ["forgejo", "gitea", "gogs"];
  for (const family of families) headers[`x-${family}-signature`] = sign("sha256");
  for (const family of [...families, "github"]) {
    headers[`x-${family}-delivery`] = id;
    headers[`x-${family}-event`] = event;
    headers[`x-${family}-event-type`] = type;
  }
  return headers;
}
