/** The admin's own proxy for a target: HTTPS_PROXY and HTTP_PROXY, with NO_PROXY as curl and Node read it. Pure. */
import type { OuterProxies, Target } from "./policy.ts";

/** Null: directly. */
export function outerFor(target: Target, scheme: "http" | "https", outer: OuterProxies): URL | null {
  const address = outer[scheme];
  if (address === null || isExcepted(target, outer.except)) return null;
  return new URL(/^[a-z]+:\/\//i.test(address) ? address : `http://${address}`);
}

function isExcepted({ host, port }: Target, except: string): boolean {
  return except
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      if (entry === "*") return true;
      const [, name = "", only] = /^(?:\*?\.)?(.*?)(?::(\d+))?$/.exec(entry) ?? [];
      if (name === "" || (only !== undefined && Number(only) !== port)) return false;
      return host === name || host.endsWith(`.${name}`);
    });
}

/** Its name and password as a header's value; null when it asks for none. */
export function authorizationOf({ username, password }: URL): string | null {
  if (username === "") return null;
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(login).toString("base64")}`;
}

/** The header, name and value, by which a proxy that is spoken to lets us through. */
export function proofFor(outer: URL | null): readonly string[] {
  const authorization = outer === null ? null : authorizationOf(outer);
  return authorization === null ? [] : ["proxy-authorization", authorization];
}

/** From an environment. SOCKS is not spoken here: such a proxy counts as none. */
export function outerProxies(env: Readonly<Record<string, string>>): OuterProxies {
  const of = (...names: readonly string[]) => {
    const found = names.flatMap((name) => [env[name], env[name.toLowerCase()]]).find((value) => value);
    return found === undefined || /^socks/i.test(found) ? null : found;
  };
  return {
    http: of("HTTP_PROXY", "ALL_PROXY"),
    https: of("HTTPS_PROXY", "ALL_PROXY"),
    except: env.NO_PROXY ?? env.no_proxy ?? "",
  };
}
