/**
 * The webhook door: a request becomes a delivery on disk, and only then a 2xx. It asks no forge, reads nothing of
 * the payload's meaning, and tells a refused sender nothing but the status.
 *
 *   method and path → content type → length → identify → signature → JSON → `store.receive` → 202
 */
import { isUtf8 } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import type { Forge } from "../forges/forge.ts";
import { messageOf } from "../model/errors.ts";
import type { Store } from "../store/store.ts";
import { readBody } from "./body.ts";
import { pathOf, refuse } from "./reply.ts";

export interface DoorOptions {
  readonly forges: readonly Forge[];
  readonly store: Pick<Store, "receive">;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Pick<Logger, "info" | "warn" | "error">;
  /** Bytes of the largest body taken. */
  readonly maxBytes: number;
  /** Bytes of all bodies that are read at the same time, before anybody knows who sent them. */
  readonly maxBytesInAll: number;
  /** Milliseconds within which a body must be complete. */
  readonly bodyMs: number;
}

/** For Probot's `addHandler`: true when the request was ours and is answered. Never throws. */
export type Door = (req: IncomingMessage, res: ServerResponse) => boolean | Promise<boolean>;

/** Why a request was refused: the status, and the reason for the log. */
interface Refused {
  readonly status: 400 | 401 | 404 | 405 | 408 | 413 | 415 | 503;
  readonly reason: string;
}

const GITHUB_PATH = "/api/github/webhooks";
const PATH = "/api/webhooks/";
const LONGEST_ID = 255;

export function createWebhookDoor(options: DoorOptions): Door {
  const held = { bytes: 0 };
  return (req, res) => {
    const path = pathOf(req);
    if (path !== GITHUB_PATH && !path.startsWith(PATH)) return false;
    return receive(path, req, res, options, held).then(() => true);
  };
}

async function receive(
  path: string,
  req: IncomingMessage,
  res: ServerResponse,
  options: DoorOptions,
  held: { bytes: number },
): Promise<void> {
  const forge = forgeAt(path, options.forges);
  const identity = forge?.identify(req.headers) ?? null;
  const refused = await take(forge, identity, req, options, held);
  if (refused === null) {
    res.writeHead(202, { "content-length": 0 }).end();
    return;
  }
  const { status, reason } = refused;
  const told = {
    forge: forge?.name ?? null,
    delivery: identity?.id.slice(0, LONGEST_ID) ?? null,
    status,
    reason,
  };
  if (status === 503) options.log.error(told, "webhook not taken");
  else options.log.warn(told, "webhook refused");
  await refuse(req, res, status);
}

function forgeAt(path: string, forges: readonly Forge[]): Forge | undefined {
  if (path !== GITHUB_PATH)
    return forges.find((forge) => `${PATH}${encodeURIComponent(forge.name)}` === path);
  return forges.find((forge) => forge.name === "github") ?? forges.find((forge) => forge.kind === "github");
}

/** Null when the delivery is on disk, now or from an earlier try. */
async function take(
  forge: Forge | undefined,
  identity: { readonly id: string; readonly event: string } | null,
  req: IncomingMessage,
  options: DoorOptions,
  held: { bytes: number },
): Promise<Refused | null> {
  if (!forge) return { status: 404, reason: "no forge has this path" };
  if (req.method !== "POST") return { status: 405, reason: `method ${req.method}` };
  if (!isJson(req)) return { status: 415, reason: "content type is not application/json" };
  if (!identity?.id || identity.id.length > LONGEST_ID)
    return { status: 400, reason: "no delivery id or event name" };
  const share = { bytes: 0 };
  const reserve = (bytes: number): boolean => {
    if (held.bytes + bytes > options.maxBytesInAll) return false;
    share.bytes += bytes;
    held.bytes += bytes;
    return true;
  };
  try {
    return await takeBody(forge, identity, req, reserve, options);
  } finally {
    held.bytes -= share.bytes;
  }
}

async function takeBody(
  forge: Forge,
  identity: { readonly id: string; readonly event: string },
  req: IncomingMessage,
  reserve: (bytes: number) => boolean,
  options: DoorOptions,
): Promise<Refused | null> {
  const body = await readBody(req, { maxBytes: options.maxBytes, ms: options.bodyMs, reserve });
  if (!Buffer.isBuffer(body)) return body;
  if (!(await forge.verify(req.headers, body))) return { status: 401, reason: "wrong or missing signature" };
  const text = decode(body);
  if (text === null) return { status: 400, reason: "body is no JSON object in UTF-8" };
  return await keep({ ...identity, forge: forge.name, body: text, receivedAt: options.now() }, options);
}

async function keep(
  delivery: Parameters<Store["receive"]>[0],
  { store, log }: DoorOptions,
): Promise<Refused | null> {
  try {
    const isNew = await store.receive(delivery);
    if (!isNew) log.info({ forge: delivery.forge, delivery: delivery.id }, "delivery was here before");
    return null;
  } catch (error) {
    return { status: 503, reason: `storing the delivery: ${messageOf(error)}` };
  }
}

function isJson(req: IncomingMessage): boolean {
  const encoding = req.headers["content-encoding"] ?? "identity";
  const type = (req.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase();
  return type === "application/json" && encoding === "identity";
}

function decode(body: Buffer): string | null {
  try {
    if (!isUtf8(body)) return null;
    const text = body.toString("utf8");
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? text : null;
  } catch {
    return null;
  }
}
