/**
 * Is this a webhook of GitHub's, and did GitHub sign it? Only SHA-256 counts; the old SHA-1 header is not looked at.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

const SIGNATURE = /^sha256=([0-9a-f]{64})$/i;
const ID = /^[\w-]{1,128}$/;

/** Delivery id and event; null when it is none of GitHub's. Forgejo sends GitHub's headers besides its own. */
export function identify(
  headers: IncomingHttpHeaders,
): { readonly id: string; readonly event: string } | null {
  if (headers["x-forgejo-event"] !== undefined || headers["x-gitea-event"] !== undefined) return null;
  const id = headers["x-github-delivery"];
  const event = headers["x-github-event"];
  if (typeof id !== "string" || typeof event !== "string") return null;
  return ID.test(id) && ID.test(event) ? { id, event } : null;
}

/** Compares in constant time. False for a missing, empty or malformed signature, and for an empty secret. */
export function verify(secret: string, headers: IncomingHttpHeaders, body: Buffer): boolean {
  const header = headers["x-hub-signature-256"];
  const given = typeof header === "string" ? SIGNATURE.exec(header)?.[1] : undefined;
  if (!given || secret === "") return false;
  const expected = createHmac("sha256", secret).update(body).digest();
  return timingSafeEqual(Buffer.from(given, "hex"), expected);
}
