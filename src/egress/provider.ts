/**
 * The endpoint that stands for a model's provider within a run. The run shows its token; the real key is put in its
 * place here and goes to the provider's own address, below its own path, and nowhere else.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Dial, secured } from "./dial.ts";
import { endToEnd, forward, without } from "./forward.ts";
import { proofFor } from "./outer.ts";
import { type ProviderPolicy, type Target, targetOf } from "./policy.ts";
import { refuse } from "./refuse.ts";

/** Whatever may carry a key: none of the run's own goes out. */
const CREDENTIALS = ["authorization", "x-api-key", "x-goog-api-key", "api-key", "cookie"];

export function createProvider(policy: ProviderPolicy, dial: Dial) {
  const base = new URL(policy.baseUrl);
  const secure = base.protocol === "https:";
  const target: Target = targetOf(base.host, secure ? 443 : 80) ?? { host: base.hostname, port: 0 };
  return async (request: IncomingMessage, response: ServerResponse, path: string): Promise<void> => {
    if (!mayUse(request, policy))
      return refuse(response, 401, "this token is not good for this run's provider");
    if (leavesPath(path)) return refuse(response, 400, "a path with . or .. in it is not passed on");
    // The admin named this place, wherever it is.
    const route = await dial(target, true, secure ? "tunnel" : "speak");
    const { socket, outer } = route;
    const full = `${base.pathname.replace(/\/$/, "")}${path}` || "/";
    await forward(request, response, {
      socket: secure ? await secured(socket, target.host) : socket,
      path: outer === null ? full : `${base.origin}${full}`,
      headers: headersFor(request, base, policy, outer),
      secret: policy.key?.value ?? null,
    });
  };
}

function mayUse({ headers }: IncomingMessage, { key, token }: ProviderPolicy): boolean {
  if (key === null) return true;
  const shown = [headers[key.header] ?? ""].flat()[0] ?? "";
  const given = key.header === "authorization" ? shown.replace(/^bearer +/i, "") : shown;
  return timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text, "utf8").digest();
}

/** Also written in ways that only the provider would read as such. */
function leavesPath(path: string): boolean {
  const [way = ""] = path.split("?");
  if (/%25(2e|2f|5c)/i.test(way)) return true;
  return way.split(/[/\\]|%2f|%5c/i).some((step) => /^(\.|%2e){1,2}(;.*)?$/i.test(step));
}

function headersFor(
  request: IncomingMessage,
  base: URL,
  { key }: ProviderPolicy,
  outer: URL | null,
): readonly string[] {
  const kept = without(endToEnd(request), [...CREDENTIALS, "host", "accept-encoding"]);
  const value = key?.header === "authorization" ? `Bearer ${key.value}` : (key?.value ?? "");
  return [
    ...kept,
    ...["host", base.host],
    // The answer is looked through for the key.
    ...["accept-encoding", "identity"],
    ...(key === null ? [] : [key.header, value]),
    ...proofFor(outer),
  ];
}
