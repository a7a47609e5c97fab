/**
 * The lossy way between the forge's webhooks and the bots: drops, repeats, delays and so reorders. The forge gets its
 * 200 at once, as if all were well. A delivery that meets a dead bot is lost too, as on a real forge.
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "./random.ts";

export interface WireOptions {
  readonly random: Random;
  /** Where a bot may listen now; asked anew for each try. Null: nowhere. */
  readonly target: () => string | null;
}

export interface Wire {
  readonly url: string;
  readonly figures: Readonly<Record<"sent" | "dropped" | "repeated" | "delayed" | "unheard", number>>;
  /** Under way. */
  readonly pending: () => number;
  /** From now on all arrive, once, in order. */
  calm(): void;
  close(): Promise<void>;
}

const TRY_AGAIN_MS = 200;
/** As on Forgejo. */
const TIMEOUT_MS = 5000;

export async function openWire(options: WireOptions): Promise<Wire> {
  const { random } = options;
  const figures = { sent: 0, dropped: 0, repeated: 0, delayed: 0, unheard: 0 };
  const closing = new AbortController();
  let calm = false;
  let pending = 0;

  async function bring(headers: Headers, body: Buffer<ArrayBuffer>, delayMs: number): Promise<void> {
    pending += 1;
    try {
      if (delayMs > 0) await sleep(delayMs, undefined, { signal: closing.signal });
      while (!(await post(options.target(), headers, body, closing.signal))) {
        figures.unheard += 1;
        if (!calm) return;
        await sleep(TRY_AGAIN_MS, undefined, { signal: closing.signal });
      }
    } catch {
      // Closing.
    } finally {
      pending -= 1;
    }
  }

  const server = createServer(async (req, res) => {
    const body = Buffer.from(await buffer(req));
    const headers = kept(req.headers);
    res.writeHead(200).end();
    figures.sent += 1;
    // Drawn for each delivery alike, so that a calm wire does not shift the choices of the others.
    const [drop, delay, repeat, resent] = [
      random.chance(0.08),
      random.chance(0.3),
      random.chance(0.1),
      random.chance(0.06),
    ];
    const delayMs = random.between(20, 2500);
    const laterMs = random.between(0, 4000);
    if (calm) return void bring(headers, body, 0);
    if (drop) figures.dropped += 1;
    else void bring(headers, body, delay ? delayMs : 0);
    if (delay) figures.delayed += 1;
    if (repeat || resent) figures.repeated += 1;
    if (repeat) void bring(headers, body, laterMs);
    if (resent) void bring(renamed(headers), body, laterMs);
  });
  const url = await listening(server);
  return {
    url,
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

export async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function post(
  url: string | null,
  headers: Headers,
  body: Buffer<ArrayBuffer>,
  closing: AbortSignal,
): Promise<boolean> {
  if (url === null) return false;
  const signal = AbortSignal.any([closing, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    const response = await fetch(url, { method: "POST", headers, body, signal });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

function kept(headers: IncomingHttpHeaders): Headers {
  const out = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (/^x-|^content-type$|^user-agent$/.test(name) && typeof value === "string") out.set(name, value);
  }
  return out;
}

/** As the forge sends it again when a person asks: the same body and signature, another id. */
function renamed(headers: Headers): Headers {
  const out = new Headers(headers);
  const id = randomUUID();
  for (const name of [...out.keys()]) if (name.endsWith("-delivery")) out.set(name, id);
  return out;
}
