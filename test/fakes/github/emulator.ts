/**
 * The emulator behind the fake: issues, labels, comments, pull requests, reviews, check runs, App and installation
 * tokens are its work. Nobody else speaks to it; names are translated on the way in and out.
 */
import { createEmulator } from "emulate";
import { type ApiReply, type ApiRequest, at, textAt } from "./api.ts";
import { type Directory, places, placeToken } from "./directory.ts";

export const APP = { id: 4711, slug: "agent-dispatch" } as const;

export interface Emulator {
  readonly privateKey: string;
  request(request: ApiRequest): Promise<ApiReply>;
  close(): Promise<void>;
}

/** `hookUrl` is where it sends its own, unfinished webhooks. `url` is what stands for its own address in answers. */
export async function startEmulator(directory: Directory, url: string, hookUrl: string): Promise<Emulator> {
  const emulator = await createEmulator({ service: "github", port: 0, seed: seed(hookUrl) });
  const privateKey = emulator.generatedSecrets[0]?.value ?? "";
  const port = new URL(emulator.url).port;
  const outward = (text: string) => directory.textToLogins(text).replaceAll(emulator.url, url);
  return {
    privateKey,
    close: () => emulator.close(),
    async request(request) {
      const response = await fetch(`http://127.0.0.1:${port}${inward(request, directory)}`, {
        method: request.method,
        headers: {
          "content-type": "application/json",
          ...(request.token && { authorization: `Bearer ${request.token}` }),
        },
        ...(request.body !== undefined && { body: JSON.stringify(bodyInward(request.body, directory)) }),
      });
      const text = await response.text();
      const link = response.headers.get("link");
      const body: unknown =
        text === "" ? undefined : directory.toLogins(JSON.parse(text.replaceAll(emulator.url, url)));
      rememberToken(request, body, directory);
      return { status: response.status, headers: link ? { link: outward(link) } : {}, body };
    },
  };
}

function seed(hookUrl: string) {
  const permissions = {
    issues: "write",
    pull_requests: "write",
    contents: "write",
    checks: "write",
    metadata: "read",
    members: "read",
  };
  const app = {
    app_id: APP.id,
    slug: APP.slug,
    name: "agent-dispatch",
    permissions,
    events: ["issues", "issue_comment", "pull_request"],
    webhook_url: hookUrl,
    installations: places.map((account, index) => ({ installation_id: 5001 + index, account, permissions })),
  };
  return {
    tokens: Object.fromEntries(places.map((login) => [placeToken(login), { login }])),
    github: { users: places.map((login) => ({ login })), apps: [app] },
  };
}

function inward(request: ApiRequest, directory: Directory): string {
  const segments = request.path.split("/").map((segment) => encodeURIComponent(directory.toPlace(segment)));
  const query = new URLSearchParams();
  for (const [key, value] of request.query)
    query.append(key, key === "head" ? headInward(value, directory) : value);
  return `${segments.join("/").replaceAll("%252F", "%2F")}${query.size > 0 ? `?${query}` : ""}`;
}

function bodyInward(body: unknown, directory: Directory): unknown {
  const head = at(body, "head");
  return typeof head === "string" ? { ...(body as object), head: headInward(head, directory) } : body;
}

/** `login:branch`. */
function headInward(head: string, directory: Directory): string {
  const colon = head.indexOf(":");
  return colon < 0 ? head : `${directory.toPlace(head.slice(0, colon))}${head.slice(colon)}`;
}

function rememberToken(request: ApiRequest, answer: unknown, directory: Directory): void {
  const [, id] = /^\/app\/installations\/(\d+)\/access_tokens$/.exec(request.path) ?? [];
  const token = textAt(answer, "token");
  if (!id || token === "") return;
  const owner = places[Number(id) - 5001] ?? "";
  const repositories = at(request.body, "repositories");
  directory.installed.set(token, { owner, repositories: Array.isArray(repositories) ? repositories : null });
}
