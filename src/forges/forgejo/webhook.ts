/**
 * The headers of a webhook: what it is, and whether it is the forge's. Pure; no payload is understood here.
 *
 * Forgejo and Gitea sign the text they send: Go's indented JSON. A smee.io channel reads that JSON, and its client
 * writes it anew without blanks, so the signed text does not arrive. `verifyRewritten` writes it once more as the forge
 * does and checks that. It vouches for the values alone, not for the blanks between them, which nobody reads. Numbers
 * and the order of keys survive the way: the payloads have neither numbers beyond 2^53 nor keys that are numbers.
 * What does not: a backspace or a form feed, for which Go's libraries have two spellings. Such a webhook is refused.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** Forgejo's own headers first; Gitea has only the later ones. */
const FAMILIES = ["forgejo", "gitea", "gogs", "github"] as const;
/** A webhook with none but GitHub's headers is GitHub's. */
const OWN = ["forgejo", "gitea", "gogs"] as const;
/** In the first two the digest is bare, in the last it has a prefix. */
const SIGNATURES = ["x-forgejo-signature", "x-gitea-signature", "x-gogs-signature", "x-hub-signature-256"];
const DIGEST = /^(?:sha256=)?([0-9a-f]{64})$/i;
/** Bytes; smee.io takes no more either. */
const LARGEST_REWRITTEN = 1 << 20;
/** Levels; a payload has about eight. */
const DEEPEST_REWRITTEN = 32;
const ESCAPED_BY_GO = /[<>&\u2028\u2029]/g;
const ESCAPES: Readonly<Record<string, string>> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};
const ID = /^[\w-]{1,100}$/;

/** The event is the finer `Event-Type` where there is one: `issue_label`, not `issues`. */
export function identify(
  headers: IncomingHttpHeaders,
): { readonly id: string; readonly event: string } | null {
  if (!OWN.some((family) => headers[`x-${family}-event`] || headers[`x-${family}-event-type`])) return null;
  const first = (suffix: string) =>
    FAMILIES.map((family) => headers[`x-${family}-${suffix}`]).find((value) => typeof value === "string");
  const id = first("delivery");
  const event = first("event-type") ?? first("event");
  if (typeof id !== "string" || typeof event !== "string" || !ID.test(id) || !ID.test(event)) return null;
  return { id, event };
}

/**
 * True when the first signature header there is holds the body's HMAC. Forgejo signs with an empty secret too, and
 * sends an empty signature then: neither is accepted.
 */
export function verify(headers: IncomingHttpHeaders, body: Buffer, secret: string): boolean {
  const digest = digestIn(headers);
  return secret !== "" && digest !== null && isDigestOf(digest, body, secret);
}

/**
 * The same over the body as Go would have written it, for what came through a smee.io channel. Nobody vouches for the
 * body yet when it is read, so large and deep ones are not: indenting could make them thousands of times as large.
 */
export function verifyRewritten(headers: IncomingHttpHeaders, body: Buffer, secret: string): boolean {
  const digest = digestIn(headers);
  if (secret === "" || digest === null || body.length > LARGEST_REWRITTEN) return false;
  return asGoWrites(body).some((text) => isDigestOf(digest, text, secret));
}

function digestIn(headers: IncomingHttpHeaders): Buffer | null {
  const header = SIGNATURES.map((name) => headers[name]).find((value) => value !== undefined);
  const hex = typeof header === "string" ? DIGEST.exec(header)?.[1] : undefined;
  return hex === undefined ? null : Buffer.from(hex, "hex");
}

function isDigestOf(digest: Buffer, text: Buffer | string, secret: string): boolean {
  return timingSafeEqual(createHmac("sha256", secret).update(text).digest(), digest);
}

/** With the characters escaped that HTML and JavaScript mind, and without, as a Gitea built with Go's newer JSON. */
function asGoWrites(body: Buffer): readonly string[] {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    if (!isShallow(value, DEEPEST_REWRITTEN)) return [];
    const text = JSON.stringify(value, null, 2);
    return [text.replace(ESCAPED_BY_GO, (char) => ESCAPES[char] ?? char), text];
  } catch {
    return [];
  }
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((inner) => isShallow(inner, levels - 1));
}
