/** Makes the webhook through the API, so that nobody has to find its nine settings on a web page. */
import type { CreateHookOption, Hook } from "@llamaduck/forgejo-ts";
import { type Api, type ForgejoOptions, forgejoApi, need } from "./api.ts";

export interface AddHookOptions extends ForgejoOptions {
  readonly owner: string;
  /** Null: for all repositories of the organisation `owner`. */
  readonly name: string | null;
  /** Where the forge sends to. */
  readonly url: string;
}

export interface AddedHook {
  readonly id: number;
  /** True when one with this URL was there before. */
  readonly replaced: boolean;
}

const EVENTS = [
  "issues",
  "issue_label",
  "issue_comment",
  "pull_request",
  "pull_request_label",
  "pull_request_comment",
];

/**
 * Afterwards exactly one webhook sends to this URL. An old one is replaced, not edited: some versions ignore a new
 * secret in an edit, and none tells which it has. Throws ForgeError.
 */
export async function addHook(options: AddHookOptions): Promise<AddedHook> {
  const { owner, name, url } = options;
  const api = forgejoApi(options);
  const path = name === null ? "/orgs/{owner}/hooks" : "/repos/{owner}/{repo}/hooks";
  const place = name === null ? { owner } : { owner, repo: name };
  const where = name === null ? `the organisation ${owner}` : `${owner}/${name}`;
  const action = `adding the webhook to ${where} (the bot's account must administer it)`;
  const old = (await api.all<Hook>(action, `GET ${path}`, place)).filter((hook) => hook.config?.url === url);
  const id = await create(api, action, path, place, url);
  for (const hook of old) {
    const parameters = { ...place, id: need(hook.id, "id", action) };
    await api.callUnless([404], `removing the old webhook of ${where}`, `DELETE ${path}/{id}`, parameters);
  }
  return { id, replaced: old.length > 0 };
}

/** Gitea knows no type "forgejo", and says so with 422. */
async function create(api: Api, action: string, path: string, place: object, url: string): Promise<number> {
  const hook = {
    type: "forgejo",
    active: true,
    config: { url, content_type: "json", secret: api.config.webhookSecret },
    events: EVENTS,
  } satisfies CreateHookOption;
  const reply =
    (await api.callUnless<Hook>([422], action, `POST ${path}`, { ...place, ...hook })) ??
    (await api.call<Hook>(action, `POST ${path}`, { ...place, ...hook, type: "gitea" }));
  return need(reply.data.id, "id", action);
}
