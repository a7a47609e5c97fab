/**
 * Stands between one bot and the forge, for its API and git: fails, resets and hangs now and then, before the forge
 * has heard of the request or after it has done what was asked. Some changes reach the forge only when the bot has given
 * them up: it does them then, and nobody tells the bot. Each call is also shown to the killer, who may
 * choose that moment.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "./random.ts";
import { listening } from "./wire.ts";

/** What a call is about, as far as the killer minds. */
export type CallKind = "comment" | "edit" | "time" | "pull" | "push" | "react" | "other";

export interface Call {
  readonly kind: CallKind;
  /** Before the forge heard of it, or when it has done it and the bot does not know yet. */
  readonly moment: "before" | "after";
}

export interface ApiProxyOptions {
  readonly random: Random;
  readonly forge: string;
  /** Awaited before the call goes on. */
  readonly seen: (call: Call) => Promise<void>;
}

export interface ApiProxy {
  readonly url: string;
  readonly figures: Readonly<Record<Fault, number>>;
  /** Changes that the forge has yet to hear of, though the bot may have given them up. */
  readonly pending: () => number;
  /** From now on nothing fails, but for the next few words: now no kill ends the bot before it gives a late one up. */
  calm(): void;
  close(): Promise<void>;
}

type Fault = "none" | "refused" | "busy" | "limited" | "reset" | "unanswered" | "hung" | "late" | "slow";

const WEIGHTS: Readonly<Record<Fault, number>> = {
  none: 90,
  refused: 2,
  busy: 2,
  limited: 1,
  reset: 2,
  unanswered: 2,
  hung: 0.4,
  late: 1,
  slow: 1,
};
/** The bot's adapters end a request after 20 s; nothing is tried again before the outbox's hold of 30 s is over. */
const LATE_MS = { from: 20_300, to: 24_000 };
/** What is late when nothing else fails any more, and how often. */
const WORDS: readonly CallKind[] = ["comment", "time", "pull"];
const LAST_LATE = 2;

export async function openApiProxy({ random, forge, seen }: ApiProxyOptions): Promise<ApiProxy> {
  const figures = {
    none: 0,
    refused: 0,
    busy: 0,
    limited: 0,
    reset: 0,
    unanswered: 0,
    hung: 0,
    late: 0,
    slow: 0,
  };
  const closing = new AbortController();
  let calm = false;
  let lastLate = LAST_LATE;
  let pending = 0;
  const later = async () => {
    pending += 1;
    const ms = random.between(LATE_MS.from, LATE_MS.to);
    await sleep(ms, undefined, { signal: closing.signal }).finally(() => {
      pending -= 1;
    });
  };
  const afterAll = (req: IncomingMessage): Fault => {
    if (lastLate === 0 || !WORDS.includes(kindOf(req.method ?? "GET", req.url ?? "/"))) return "none";
    lastLate -= 1;
    return "late";
  };
  const server = createServer(async (req, res) => {
    try {
      const drawn = calm ? afterAll(req) : random.weighted(WEIGHTS);
      const fault = drawn === "late" && !isChange(req) ? "none" : drawn;
      figures[fault] += 1;
      await passOn(req, res, fault, { forge, seen, later });
    } catch {
      res.destroy();
    }
  });
  return {
    url: await listening(server),
    figures,
    pending: () => pending,
    calm() {
      calm = true;
    },
    async close() {
      closing.abort();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function passOn(
  req: IncomingMessage,
  res: ServerResponse,
  fault: Fault,
  { forge, seen, later }: Pick<ApiProxyOptions, "forge" | "seen"> & { readonly later: () => Promise<void> },
): Promise<void> {
  const kind = kindOf(req.method ?? "GET", req.url ?? "/");
  const body = await buffer(req);
  await seen({ kind, moment: "before" });
  if (fault === "slow") await sleep(700);
  if (fault === "hung") await sleep(4000);
  if (fault === "reset" || fault === "hung") return void res.destroy();
  const status = { refused: 503, busy: 500, limited: 429 }[fault as string];
  if (status !== undefined) {
    const headers = { "content-type": "application/json", ...(status === 429 ? { "retry-after": "1" } : {}) };
    return void res.writeHead(status, headers).end('{"message":"made to fail"}');
  }
  if (fault === "late") await later();
  const answer = await ask(forge, req, body);
  // A late one is of nobody's present: no moment to aim at.
  if (fault !== "late") await seen({ kind, moment: "after" });
  if (fault === "unanswered") return void res.destroy();
  const headers = Object.fromEntries(
    Object.entries(answer.headers).filter(([name]) => name !== "transfer-encoding"),
  );
  res.writeHead(answer.status, { ...headers, "content-length": answer.body.length }).end(answer.body);
}

interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

function ask(forge: string, req: IncomingMessage, body: Buffer): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const { host: _, connection: __, "transfer-encoding": ___, ...headers } = req.headers;
  const out = request(
    new URL(req.url ?? "/", forge),
    { method: req.method, headers: { ...headers, "content-length": String(body.length) } },
    (reply) => {
      buffer(reply).then(
        (read) => resolve({ status: reply.statusCode ?? 502, headers: reply.headers, body: read }),
        reject,
      );
    },
  );
  out.once("error", reject);
  out.end(body);
  return promise;
}

/** Of what only reads, nothing comes when it is read late. */
function isChange({ method = "GET", url = "/" }: IncomingMessage): boolean {
  return method !== "GET" && method !== "HEAD" && !url.includes("/git-upload-pack");
}

function kindOf(method: string, url: string): CallKind {
  if (url.includes("/git-receive-pack") && method === "POST") return "push";
  if (method === "PATCH" && /\/issues\/comments\/\d+$/.test(url)) return "edit";
  if (method !== "POST") return "other";
  if (/\/issues\/\d+\/comments$/.test(url)) return "comment";
  if (/\/issues\/\d+\/times$/.test(url)) return "time";
  if (/\/reactions$/.test(url)) return "react";
  return /\/pulls$/.test(url) ? "pull" : "other";
}
