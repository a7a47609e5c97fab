/**
 * `GET /healthz`: the process answers. `GET /readyz`: every named check holds, so that it takes webhooks and loses
 * none; what is wrong is for the log of whoever owns the check, so that the page tells names and nothing else.
 *
 * A forge that refuses our credentials is no reason to send the webhooks of the others elsewhere, nor its own: they
 * are kept and served once it works again. So the answer stays 200, and `degraded.forges` has a sentence for each such
 * forge. Everybody may read the page: these sentences name no address, no repository and nothing that a forge said.
 *
 *     {"ready": true, "checks": {"store": true}, "degraded": {"forges": {"codeberg": "it refuses …"}}}
 */
import { statfs } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pathOf } from "./reply.ts";

/** True when ready. A check that throws, or takes longer than the time given, counts as false. */
export type Check = () => boolean | Promise<boolean>;

export interface HealthOptions {
  readonly checks: Readonly<Record<string, Check>>;
  /** Milliseconds a check may take. */
  readonly checkMs: number;
  /** What is wrong with each forge that work waits for, in words for everybody; left out: nothing. */
  readonly forges?: () => Readonly<Record<string, string>>;
}

/** For Probot's `addHandler`. Never throws. */
export function createHealthHandler(
  options: HealthOptions,
): (req: IncomingMessage, res: ServerResponse) => boolean | Promise<boolean> {
  return (req, res) => {
    const path = pathOf(req);
    if ((path !== "/healthz" && path !== "/readyz") || (req.method !== "GET" && req.method !== "HEAD"))
      return false;
    if (path === "/healthz") return send(res, 200, { ok: true });
    return checked(options).then((checks) => {
      const ready = Object.values(checks).every(Boolean);
      const forges = options.forges?.() ?? {};
      const degraded = Object.keys(forges).length > 0 ? { degraded: { forges } } : {};
      return send(res, ready ? 200 : 503, { ready, checks, ...degraded });
    });
  };
}

async function checked({ checks, checkMs }: HealthOptions): Promise<Record<string, boolean>> {
  const results = Object.entries(checks).map(
    async ([name, check]) => [name, await held(check, checkMs)] as const,
  );
  return Object.fromEntries(await Promise.all(results));
}

async function held(check: Check, ms: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), ms);
  try {
    return await Promise.race([check(), promise]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

function send(res: ServerResponse, status: number, value: unknown): true {
  const body = JSON.stringify(value);
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  res.writeHead(status, { ...headers, "cache-control": "no-store" }).end(body);
  return true;
}

/** True while the folder's disk has so many bytes left: without them a webhook may be refused and a log be cut. */
export function hasSpace(folder: string, bytes: number): Check {
  return async () => {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize >= bytes;
  };
}
