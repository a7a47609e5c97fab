/** Who the bot is, and what others may do. Everything goes by numeric id: a login can change hands. */
import type { RepoCollaboratorPermission, Repository as RepoReply, Team, User } from "@llamaduck/forgejo-ts";
import { ForgeError } from "../../model/errors.ts";
import { type Actor, type RepoRef, repoName } from "../../model/run.ts";
import type { Access, Forge, ForgeProbe } from "../forge.ts";
import { type Api, at, need } from "./api.ts";
import { isBot } from "./bot.ts";

type People = Pick<Forge, "probe" | "self" | "access" | "isTeamMember">;

export function forgejoPeople(api: Api): People {
  let known: Promise<Actor> | null = null;
  const self = () => {
    known ??= whoAmI(api);
    known.catch(() => {
      known = null;
    });
    return known;
  };
  return {
    self,
    probe: () => probe(api),
    access: (repo, actor) => access(api, repo, actor),
    isTeamMember: (org, team, actor) => isTeamMember(api, org, team, actor),
  };
}

async function whoAmI(api: Api): Promise<Actor> {
  const action = "asking who the bot is";
  const { data } = await api.call<User>(action, "GET /user");
  return { id: need(data.id, "id", action), login: need(data.login, "login", action) };
}

/** Asks each time, whatever is known of the bot: a token may have been revoked since. */
async function probe(api: Api): Promise<ForgeProbe> {
  try {
    const { login } = await whoAmI(api);
    return { ready: true, summary: `${api.host} as ${login}`, fix: null };
  } catch (error) {
    if (!(error instanceof ForgeError)) throw error;
    const [, ...fix] = error.message.split("; ");
    return { ready: false, summary: `${api.host}: ${error.message}`, fix: fix.join("; ") || null };
  }
}

async function access(api: Api, repo: RepoRef, actor: Actor): Promise<Access> {
  const bot = isBot(actor);
  const action = `asking what ${actor.login} may do in ${repoName(repo)}`;
  const account = await accountOf(api, actor, action);
  if (account === null) {
    return { level: "none", bot, why: `there is no account ${actor.login} with the id ${actor.id} any more` };
  }
  const route = "GET /repos/{owner}/{repo}/collaborators/{login}/permission";
  const reply = await api.callUnless<RepoCollaboratorPermission>([403], action, route, {
    ...at(repo),
    login: account,
  });
  if (reply === null) return { bot, ...(await accessWithoutAdmin(api, repo, actor, account)) };
  const permission = need(reply.data.permission, "permission", action);
  return { level: levelOf(permission), bot, why: `${api.host} says ${permission}` };
}

/** The login that the account with this id has now; null when there is no such account, or the bot may not see it. */
async function accountOf(api: Api, { id, login }: Actor, action: string): Promise<string | null> {
  const reply = await api.callUnless<User>([404], action, "GET /users/{login}", { login });
  if (reply?.data.id === id) return reply.data.login ?? null;
  // Renamed since. Whoever ignores `uid` lists others, so the id is looked for in the answer too.
  const search = "GET /users/search";
  const { data } = await api.call<{ data?: User[] }>(action, search, { uid: id, limit: 1 });
  return data.data?.find((user) => user.id === id)?.login ?? null;
}

function levelOf(permission: string): Access["level"] {
  if (["write", "admin", "owner"].includes(permission)) return "write";
  return permission === "read" ? "read" : "none";
}

/** Only an administrator of the repository may ask for the permissions of others; what is left is little. */
async function accessWithoutAdmin(
  api: Api,
  repo: RepoRef,
  actor: Actor,
  login: string,
): Promise<Pick<Access, "level" | "why">> {
  const action = `asking whether ${login} is a collaborator of ${repoName(repo)}`;
  const { data } = await api.call<RepoReply>(action, "GET /repos/{owner}/{repo}", at(repo));
  if (data.owner?.id === actor.id) return { level: "write", why: "owner of the repository" };
  const route = "GET /repos/{owner}/{repo}/collaborators/{login}";
  const reply = await api.callUnless([403, 404], action, route, { ...at(repo), login });
  const known = reply
    ? "a collaborator, perhaps only a reading one"
    : "no direct collaborator, perhaps one by a team";
  return {
    level: "unknown",
    why: `${login} is ${known}; make the bot's account an administrator of ${repoName(repo)} so that it may ask`,
  };
}

async function isTeamMember(api: Api, org: string, team: string, actor: Actor): Promise<boolean> {
  const action = `asking whether ${actor.login} is in the team ${org}/${team}`;
  const search = "GET /orgs/{org}/teams/search";
  const { data } = await api.call<{ data?: Team[] }>(action, search, { org, q: team, limit: 50 });
  const found = data.data?.find(({ name }) => name?.toLowerCase() === team.toLowerCase());
  if (found === undefined) {
    throw new ForgeError(
      `${action}: ${api.host} shows no such team; name an existing one, and put the bot in it`,
      404,
      false,
    );
  }
  const parameters = { id: need(found.id, "id", action), login: actor.login };
  const reply = await api.callUnless<User>([404], action, "GET /teams/{id}/members/{login}", parameters);
  return reply?.data.id === actor.id;
}
