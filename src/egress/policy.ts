/**
 * What one run may reach, as it is handed to its proxy, and the judgement on a host and port. Pure.
 *
 * A pattern is a host, `*.host` for everything below one (not the host itself), or an address, each with `:port` or
 * without; without it means 443 and 80. Names may lead to any public address. A private one (`addresses.ts`) is reached
 * only where the admin meant it: by a pattern that is that address, or one host with its port.
 */
import { isIP } from "node:net";
import { domainToASCII } from "node:url";

/** Where the provider's key travels; in `authorization` as a bearer. */
export type KeyHeader = "authorization" | "x-api-key" | "x-goog-api-key";

export interface ProviderPolicy {
  /** What stands behind the endpoint; its path is a prefix that is never left. */
  readonly baseUrl: string;
  /** What the run shows instead of the key; dies with the proxy. */
  readonly token: string;
  /** Null for a provider that needs no key: the run's socket is its right to be there. */
  readonly key: { readonly header: KeyHeader; readonly value: string } | null;
}

/** The admin's own proxies, through which the bot reaches the world; as in the environment. */
export interface OuterProxies {
  readonly http: string | null;
  readonly https: string | null;
  /** `NO_PROXY`. */
  readonly except: string;
}

export interface Policy {
  readonly allow: readonly string[];
  readonly provider: ProviderPolicy | null;
  readonly outer: OuterProxies;
  /** The proxy ends by itself after so long. */
  readonly lifeMs: number;
}

export interface Target {
  /** A name or an address without brackets. */
  readonly host: string;
  readonly port: number;
}

interface Rule {
  readonly host: string;
  /** Everything below `host` instead of the host. */
  readonly below: boolean;
  readonly ports: readonly number[];
  /** The admin meant this very place, private or not. */
  readonly exact: boolean;
}

/** `private`: also where its address is a private one. */
export type Verdict = "no" | "public" | "private";

export type Judge = (target: Target) => Verdict;

const USUAL_PORTS = [443, 80];

export function createJudge(patterns: readonly string[]): Judge {
  const rules = patterns.flatMap((pattern) => ruleOf(pattern) ?? []);
  return ({ host, port }) => {
    const matching = rules.filter((rule) => matches(rule, host) && rule.ports.includes(port));
    if (matching.length === 0) return "no";
    return matching.some((rule) => rule.exact) ? "private" : "public";
  };
}

function matches(rule: Rule, host: string): boolean {
  return rule.below ? host.endsWith(`.${rule.host}`) && isIP(host) === 0 : host === rule.host;
}

/** Null for what is no pattern: it allows nothing. */
function ruleOf(pattern: string): Rule | null {
  const below = pattern.startsWith("*.");
  const target = targetOf(below ? pattern.slice(2) : pattern, 0);
  if (target === null) return null;
  const { host, port } = target;
  const exact = !below && (port !== 0 || isIP(host) !== 0);
  return { host, below, ports: port === 0 ? USUAL_PORTS : [port], exact };
}

/** Reads `host:port` or `[address]:port`; null when it is neither. `usual` is the port where none is named. */
export function targetOf(text: string, usual: number): Target | null {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = hostOf(bracketed ?? plain ?? "");
  const port = digits === undefined ? usual : Number(digits);
  if (host === null || port > 65_535 || (digits !== undefined && port === 0)) return null;
  if (bracketed !== undefined && isIP(host) !== 6) return null;
  return { host, port };
}

/** In the one way of writing it that is compared: small letters, punycode, no dot at the end. */
function hostOf(text: string): string | null {
  if (isIP(text) === 6) return text.includes("%") ? null : new URL(`http://[${text}]`).hostname.slice(1, -1);
  // What reads names for a browser would cut one off where a path begins.
  if (/[^A-Za-z0-9._\u0080-\uffff-]/.test(text)) return null;
  const host = domainToASCII(text.replace(/\.$/, "")).toLowerCase();
  return /^[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?$/.test(host) && host.length <= 253 ? host : null;
}

/** The host and port of a URL, as a pattern that means just this place. */
export function patternOf(url: string): string {
  const { host, protocol, port } = new URL(url);
  return port === "" ? `${host}:${protocol === "https:" ? 443 : 80}` : host;
}
