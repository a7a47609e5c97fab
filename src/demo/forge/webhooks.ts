/**
 * Signed webhooks with all of Forgejo's headers, in the text that Forgejo's Go writes. As on Forgejo, a delivery is tried once, given up after five
 * seconds and never sent again by itself; sending it again by hand makes a new delivery with a new id.
 */
import { createHmac, randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Disturbance } from "./faults.ts";
import type { Hook } from "./state.ts";

/** The repository's `owner/name`, the coarse event, Forgejo's finer type (which hooks choose by), and the payload. */
interface Happening {
  readonly repo: string;
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

/** `disturbance` says what befalls a webhook on its way. */
export function webhookSender(
  log: (line: string) => void,
  disturbance: (happening: Happening) => Disturbance | null = () => null,
  timeoutMs = TIMEOUT_MS,
): WebhookSender {
  const sent: SentDelivery[] = [];
  const hooksById = new Map<number, Hook>();
  const queues = new Map<number, Promise<void>>();
  const late = new Set<Promise<void>>();
  const closing = new AbortController();

  function queue(
    hook: Hook,
    { event, type, body }: Pick<SentDelivery, "event" | "type" | "body">,
    how: Disturbance | null,
  ): string {
    const id = randomUUID();
    hooksById.set(hook.id, hook);
    const size = sent.push({
      id,
      hookId: hook.id,
      event,
      type,
      body,
      headers: headersOf(hook, id, event, type, body),
      status: null,
    });
    underway(hook, size - 1, how);
    return id;
  }

  /** One that is late stands in no queue: others overtake it. */
  function underway(hook: Hook, at: number, how: Disturbance | null): void {
    if (how?.kind === "drop") {
      note(at, 0);
      return;
    }
    if (how?.kind === "delay") {
      const sending = delay(how.ms, undefined, { signal: closing.signal }).then(
        () => deliver(hook, at),
        () => {},
      );
      late.add(sending);
      void sending.finally(() => late.delete(sending));
      return;
    }
    for (let copies = how?.kind === "duplicate" ? 2 : 1; copies > 0; copies--) {
      const before = queues.get(hook.id) ?? Promise.resolve();
      queues.set(
        hook.id,
        before.then(() => deliver(hook, at)),
      );
    }
  }

  function note(at: number, status: number): void {
    const delivery = sent[at];
    if (!delivery) return;
    sent[at] = { ...delivery, status };
    log(`webhook ${delivery.type} → ${status === 0 ? "no answer" : status}`);
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
    note(at, status);
  }

  return {
    send(hooks, happening) {
      const { event, type, payload } = happening;
      const body = goJson(payload);
      for (const hook of hooks) {
        if (hook.active && (hook.events === null || hook.events.includes(type)))
          queue(hook, { event, type, body }, disturbance(happening));
      }
    },
    redeliver(id) {
      const delivery = sent.find((one) => one.id === id);
      const hook = delivery && hooksById.get(delivery.hookId);
      if (!hook) throw new Error(`no delivery ${id}`);
      return queue(hook, delivery, null);
    },
    sent: () => sent,
    async close() {
      closing.abort();
      await Promise.all([...queues.values(), ...late]);
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
