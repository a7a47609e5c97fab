/**
 * Stands between one bot and the forge, for its API and git: fails, resets and hangs now and then, before the forge
 * has heard of the request or after it has done what was asked. Each call is also shown to the killer, who may
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
  /** From now on nothing fails. */
  calm(): void;
  close(): Promise<void>;
}

type Fault = "none" | "refused" | "busy" | "limited" | "reset" | "unanswered" | "hung" | "slow";

const WEIGHTS: Readonly<Record<Fault, number>> = {
  none: 90,
  refused: 2,
  busy: 2,
  limited: 1,
  reset: 2,
  unanswered: 2,
  hung: 0.4,
  slow: 1,
};

export async function openApiProxy({ random, forge, seen }: ApiProxyOptions): Promise<ApiProxy> {
  const figures = { none: 0, refused: 0, busy: 0, limited: 0, reset: 0, unanswered: 0, hung: 0, slow: 0 };
  let calm = false;
  const server = createServer(async (req, res) => {
    try {
      const fault = calm ? "none" : random.weighted(WEIGHTS);
      figures[fault] += 1;
      await passOn(req, res, fault, { forge, seen });
    } catch {
      res.destroy();
    }
  });
  return {
    url: await listening(server),
    figures,
    calm() {
      calm = true;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function passOn(
  req: IncomingMessage,
  res: ServerResponse,
  fault: Fault,
  { forge, seen }: Pick<ApiProxyOptions, "forge" | "seen">,
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
  const answer = await ask(forge, req, body);
  await seen({ kind, moment: "after" });
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

function kindOf(method: string, url: string): CallKind {
  if (url.includes("/git-receive-pack") && method === "POST") return "push";
  if (method === "PATCH" && /\/issues\/comments\/\d+$/.test(url)) return "edit";
  if (method !== "POST") return "other";
  if (/\/issues\/\d+\/comments$/.test(url)) return "comment";
  if (/\/issues\/\d+\/times$/.test(url)) return "time";
  if (/\/reactions$/.test(url)) return "react";
  return /\/pulls$/.test(url) ? "pull" : "other";
}
