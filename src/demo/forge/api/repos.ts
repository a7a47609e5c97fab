/** The API's repositories, files of the default branch, and webhooks. */
import { readAt } from "../git.ts";
import { dirOf, type Instance } from "../instance.ts";
import { mayAdminister } from "../rights.ts";
import { ApiNo, type ApiReply, type ApiRequest, page, type Route, route } from "../router.ts";
import { repoShape } from "../shapes.ts";
import type { Hook } from "../state.ts";
import { repoOf } from "./lookup.ts";

/** Gitea, which the CLI also serves, knows no "forgejo". */
const TYPES = ["forgejo", "gitea", "gogs"];

export function repoRoutes(instance: Instance): Route[] {
  return [
    route("GET /repos/:owner/:repo", (request) => ({
      status: 200,
      body: repoShape(instance.url, repoOf(instance, request), request.by),
    })),
    route("GET /repos/:owner/:repo/contents/*path", async (request) => {
      const repo = repoOf(instance, request);
      const path = request.path.path ?? "";
      const content = await readAt(dirOf(instance, repo), `refs/heads/${repo.defaultBranch}`, path);
      if (content === null) throw new ApiNo(404, "object does not exist");
      const body = {
        type: "file",
        path,
        size: content.length,
        encoding: "base64",
        content: content.toString("base64"),
      };
      return { status: 200, body };
    }),
    ...hookRoutes("/repos/:owner/:repo/hooks", instance, (request) => {
      const repo = repoOf(instance, request);
      if (!mayAdminister(repo, request.by)) throw new ApiNo(403, "Must be a repository admin");
      return repo.hooks;
    }),
    ...hookRoutes("/orgs/:org/hooks", instance, (request) => orgHooksOf(instance, request)),
  ];
}

/** An organisation is an account with teams; its "owners" may administer it. */
function orgHooksOf(instance: Instance, request: ApiRequest): Hook[] {
  const org = request.path.org ?? "";
  const teams = instance.state.teams.filter((team) => team.org === org);
  if (teams.length === 0) throw new ApiNo(404, "The target couldn't be found.");
  const isOwner = teams.some((team) => team.name === "Owners" && team.members.has(request.by.id));
  if (!isOwner) throw new ApiNo(403, "Must be an organization owner");
  const hooks = instance.state.orgHooks.get(org) ?? [];
  instance.state.orgHooks.set(org, hooks);
  return hooks;
}

function hookRoutes(path: string, instance: Instance, hooksOf: (request: ApiRequest) => Hook[]): Route[] {
  return [
    route(`GET ${path}`, (request) => page(hooksOf(request), request.query, hookShape)),
    route(`POST ${path}`, (request) => {
      const hook = hookFrom(request.body, instance.state.nextId());
      hooksOf(request).push(hook);
      return { status: 201, body: hookShape(hook) };
    }),
    route(`DELETE ${path}/:id`, (request): ApiReply => {
      const hooks = hooksOf(request);
      const at = hooks.findIndex((hook) => hook.id === Number(request.path.id));
      if (at < 0) throw new ApiNo(404, "hook does not exist");
      hooks.splice(at, 1);
      return { status: 204 };
    }),
  ];
}

/** Not active unless it says so, as on Forgejo. */
function hookFrom(body: ApiRequest["body"], id: number): Hook {
  const { type, config, events, active } = body;
  const { url, secret, content_type: contentType } = (config ?? {}) as Record<string, unknown>;
  if (typeof type !== "string" || !TYPES.includes(type)) throw new ApiNo(422, "Invalid hook type");
  if (typeof url !== "string" || contentType !== "json") throw new ApiNo(422, "Missing config option: url");
  return {
    id,
    type,
    url,
    secret: typeof secret === "string" ? secret : "",
    active: active === true,
    events: Array.isArray(events) ? events.filter((event) => typeof event === "string") : ["push"],
  };
}

/** The secret is never told. */
function hookShape({ id, type, url, active, events }: Hook) {
  return { id, type, active, events, config: { url, content_type: "json" } };
}
