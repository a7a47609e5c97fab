/** Accounts and their permissions: answered from the directory, because the emulator's cannot be added to. */
import { type ApiPart, type ApiReply, refusal, reply } from "./api.ts";
import type { Account, Directory } from "./directory.ts";

export function peoplePart(directory: Directory, url: string): ApiPart {
  return ({ method, path, token }) => {
    if (method !== "GET") return null;
    const [, first, second, third, fourth, login, last] = path.split("/");
    if (first === "orgs" && third === "teams" && login === "memberships") {
      const isMember = directory.teams.get(`${second}/${fourth}`.toLowerCase())?.includes(last ?? "");
      return isMember ? reply(200, { url, role: "member", state: "active" }) : refusal(404, "Not Found");
    }
    if (path === "/user" && directory.installed.has(token)) {
      return refusal(403, "Resource not accessible by integration");
    }
    if (path === "/user") return described(directory.byToken(token), url);
    if (first === "user" && third === undefined) return described(directory.byId(Number(second)), url);
    if (first === "users" && third === undefined) return described(directory.byLogin(second ?? ""), url);
    if (first === "repos" && fourth === "collaborators" && last === "permission") {
      return permissionOf(directory, `${second}/${third}`, login ?? "", url);
    }
    return null;
  };
}

function described(account: Account | undefined, url: string): ApiReply {
  return account ? reply(200, userJson(account, url)) : refusal(404, "Not Found");
}

export function userJson(account: Account, url: string): object {
  const { id, login, bot } = account;
  return { id, login, type: bot ? "Bot" : "User", html_url: `${url}/${login}`, url: `${url}/users/${login}` };
}

/** Repositories are public here: who was given nothing may still read. Bots cannot be asked about. */
function permissionOf(directory: Directory, repo: string, login: string, url: string): ApiReply {
  const account = directory.byLogin(login);
  if (!account) return refusal(404, "Not Found");
  const level = directory.level(repo, login);
  if (account.bot && level === null) return refusal(404, `${login} is not a user`);
  const permission = level ?? "read";
  return reply(200, { permission, role_name: permission, user: userJson(account, url) });
}
