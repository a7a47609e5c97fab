/** The headers of a webhook: what it is, and whether it is the forge's. Pure; no payload is read here. */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** Forgejo's own headers first; Gitea has only the later ones. */
const FAMILIES = ["forgejo", "gitea", "gogs", "github"] as const;
/** A webhook with none but GitHub's headers is GitHub's. */
const OWN = ["forgejo", "gitea", "gogs"] as const;
/** In the first two the digest is bare, in the last it has a prefix. */
const SIGNATURES = ["x-forgejo-signature", "x-gitea-signature", "x-gogs-signature", "x-hub-signature-256"];
const DIGEST = /^(?:sha256=)?([0-9a-f]{64})$/i;
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
  const header = SIGNATURES.map((name) => headers[name]).find((value) => value !== undefined);
  const digest = typeof header === "string" ? DIGEST.exec(header)?.[1] : undefined;
  if (secret === "" || digest === undefined) return false;
  const expected = createHmac("sha256", secret).update(body).digest();
  return timingSafeEqual(expected, Buffer.from(digest, "hex"));
}
