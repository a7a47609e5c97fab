/**
 * What of a login file an agent left may be taken back: nothing but new values of the fields that its CLI renews, and
 * those only if everything else says that it is the login of the same account. Pure.
 *
 * Compared are all other fields that were lent (account ids, scopes, an API key), and in tokens that are JWTs the
 * claims that name issuer, person and account. A forged claim is no way around it: the provider refuses a token whose
 * signature is wrong. An opaque token tells nothing; what that leaves open, SECURITY.md says.
 */
import { isDeepStrictEqual } from "node:util";
import type { Login } from "../agents/agent.ts";

export type Json = { readonly [key: string]: unknown };

/** `values`: by dotted path. */
export type Renewal =
  | { readonly is: "unchanged" }
  | { readonly is: "renewed"; readonly values: ReadonlyMap<string, string | number> }
  | { readonly is: "refused"; readonly why: string };

const TOKEN = /^[\x21-\x7e]{1,16384}$/;
const JWT = /^[\w-]+\.([\w-]+)\.[\w-]+$/;
/** Claims that say whose token it is, at any depth. */
const IDENTITY = /^(iss|sub|email)$|(account|user)_id$/;

/** `lent` is the server's file as it was lent, `left` what stands in the run's home. */
export function renewalOf(login: Login, lent: Json, left: Json): Renewal {
  const values = new Map<string, string | number>();
  for (const field of login.fields) {
    if (!sameBut(login.renewed, field, at(lent, field), at(left, field)))
      return { is: "refused", why: "it is not the login that was lent" };
  }
  for (const path of login.renewed) {
    const [before, after] = [at(lent, path), at(left, path)];
    if (before === after || (typeof before !== "string" && typeof before !== "number")) continue;
    if (!follows(before, after)) return { is: "refused", why: `its ${path} is no renewal of the one before` };
    values.set(path, after as string | number);
  }
  return values.size === 0 ? { is: "unchanged" } : { is: "renewed", values };
}

/** Fields that came in addition do not matter: they are not taken. */
function sameBut(renewed: readonly string[], path: string, lent: unknown, left: unknown): boolean {
  if (renewed.includes(path)) return true;
  if (!isObject(lent)) return isDeepStrictEqual(lent, left);
  return (
    isObject(left) &&
    Object.keys(lent).every((key) => sameBut(renewed, `${path}.${key}`, lent[key], left[key]))
  );
}

/** Of the same kind; a time only goes forward; a token that names its account names the same. */
function follows(before: string | number, after: unknown): boolean {
  if (typeof before === "number") return typeof after === "number" && after > before;
  if (typeof after !== "string" || !TOKEN.test(after)) return false;
  const claims = identityOf(before);
  return claims === null || isDeepStrictEqual(claims, identityOf(after));
}

/** Null for what is no JWT. */
function identityOf(token: string): Readonly<Record<string, unknown>> | null {
  const [, body] = JWT.exec(token) ?? [];
  if (body === undefined) return null;
  try {
    const claims: unknown = JSON.parse(Buffer.from(body, "base64url").toString("utf8"));
    return isObject(claims) ? Object.fromEntries(identities(claims, "")) : null;
  } catch {
    return null;
  }
}

function* identities(claims: Json, prefix: string): Generator<readonly [string, unknown]> {
  for (const [name, value] of Object.entries(claims)) {
    if (isObject(value)) yield* identities(value, `${prefix}${name} `);
    else if (IDENTITY.test(name)) yield [`${prefix}${name}`, value];
  }
}

/** The value at a dotted path; undefined when there is none. */
export function at(json: Json, path: string): unknown {
  let value: unknown = json;
  for (const key of path.split(".")) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

/** A copy with new values in it; the paths exist. */
export function withValues(json: Json, values: ReadonlyMap<string, string | number>): Json {
  const copy = structuredClone(json) as Record<string, unknown>;
  for (const [path, value] of values) {
    const keys = path.split(".");
    const last = keys.pop() as string;
    const place = keys.length === 0 ? copy : at(copy, keys.join("."));
    (place as Record<string, unknown>)[last] = value;
  }
  return copy;
}

/** What is to be kept out of everything published. */
export function secretsOf(login: Login, json: Json): readonly string[] {
  return login.secrets.map((path) => at(json, path)).filter((value) => typeof value === "string");
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
