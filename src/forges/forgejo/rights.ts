/**
 * Which scopes the bot's token lacks. Forgejo and Gitea tell nobody the scopes of a token, but they look at them before
 * they look for what was asked for. So a write to a repository that does not exist tells whether it would have been
 * allowed: "no such repository" means yes.
 */
import { ForgeError } from "../../model/errors.ts";
import type { Actor } from "../../model/run.ts";
import type { Rights } from "../forge.ts";
import type { Api } from "./api.ts";

const NOWHERE = "agent-dispatch-doctor-looks-for-a-scope";
const LACKING = /required scope/i;

/** A scope, and a request that needs it. */
const TRIES = [
  ["read:organization", "GET /user/orgs"],
  ["write:issue", "POST /repos/{owner}/{repo}/issues"],
  ["write:repository", "POST /repos/{owner}/{repo}/pulls"],
] as const;

export async function forgejoRights(api: Api, self: () => Promise<Actor>): Promise<Rights> {
  const { login } = await self();
  const lacking: string[] = [];
  for (const [scope, route] of TRIES) {
    const action = `looking for the token's scope ${scope}`;
    const words = { owner: login, repo: NOWHERE, title: action, head: "none", base: "none" };
    const parameters = route.startsWith("GET") ? {} : words;
    if (await isRefused(api.call(action, route, parameters))) lacking.push(scope);
  }
  return { lacking, unknown: null };
}

/** Rejects when it was no answer to the question: the forge is in trouble, or the token is void. */
async function isRefused(request: Promise<unknown>): Promise<boolean> {
  try {
    await request;
    return false;
  } catch (error) {
    if (!(error instanceof ForgeError)) throw error;
    if (error.status === 403 && LACKING.test(error.message)) return true;
    if ([403, 404, 422].includes(error.status)) return false;
    throw error;
  }
}
