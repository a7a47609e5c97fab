/** From the API's address to the one that git and people use. */

/** Without a trailing slash. `baseUrl` null is github.com; `https://host/api/v3` is GHES; `api.x.ghe.com` its cloud. */
export function webUrl(baseUrl: string | null): string {
  if (baseUrl === null) return "https://github.com";
  const url = new URL(baseUrl);
  if (url.hostname === "api.github.com") return "https://github.com";
  if (/^api\.[^.]+\.ghe\.com$/.test(url.hostname))
    return `${url.protocol}//${url.hostname.slice("api.".length)}`;
  return `${url.origin}${url.pathname.replace(/\/+$/, "").replace(/\/api\/v3$/, "")}`;
}
