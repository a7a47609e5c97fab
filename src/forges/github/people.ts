/**
 * Who the bot is and who may command it. People are known by numeric id: a login can be given up and taken by
 * someone else, so it is looked up anew, and the permission counts only when GitHub tells it of the same id.
 */

import { ForgeError } from "../../model/errors.ts";
import { type Actor, repoName } from "../../model/run.ts";
import type { Access, Forge } from "../forge.ts";
import type { Call, GithubClient } from "./client.ts";
import { statusOf } from "./errors.ts";

const MAY_NOT_ASK = "GitHub tells it only to those who may write, and the bot may not";

interface Account extends Actor {
  readonly bot: boolean;
}

export function people(client: GithubClient): Pick<Forge, "access" | "isTeamMember"> {
  return {
    async access(repo, actor) {
      const action = `asking who may write to ${repoName(repo)}`;
      const account = await client.onRepo(repo, action, accountById(actor));
      if (account === null)
        return { level: "none", bot: false, why: "GitHub knows no such account any more" };
      const where = { owner: repo.owner, repo: repo.name, username: account.login };
      try {
        const told = await client.onRepo(repo, action, (octokit, request) =>
          orNull(octokit.rest.repos.getCollaboratorPermissionLevel({ ...where, request })),
        );
        return accessFrom(account, told?.data ?? null);
      } catch (error) {
        if (!(error instanceof ForgeError) || error.status !== 403 || error.retryable) throw error;
        return { level: "unknown", bot: account.bot, why: MAY_NOT_ASK };
      }
    },

    async isTeamMember(org, team, actor) {
      const action = `asking who is in the team ${org}/${team}`;
      const account = await client.onOrg(org, action, accountById(actor));
      if (account === null) return false;
      const where = { org, team_slug: team, username: account.login };
      const membership = await client.onOrg(org, action, (octokit, request) =>
        orNull(octokit.rest.teams.getMembershipForUserInOrg({ ...where, request })),
      );
      return membership?.data.state === "active";
    },
  };
}

/** What of an answer tells the level. `role_name` also knows maintain, triage and custom roles. */
interface Told {
  readonly permission: string;
  readonly role_name?: string;
  readonly user: { readonly id: number } | null;
}

function accessFrom(account: Account, told: Told | null): Access {
  const { bot } = account;
  if (told === null) return { level: "none", bot, why: "no collaborator of the repository" };
  if (told.user?.id !== account.id) {
    return { level: "none", bot, why: `the login ${account.login} has just changed hands` };
  }
  const level = levelOf(told.permission);
  return { level, bot, why: `GitHub says ${told.role_name || told.permission}` };
}

function levelOf(permission: string): Access["level"] {
  if (permission === "admin" || permission === "maintain" || permission === "write") return "write";
  return permission === "read" || permission === "triage" ? "read" : "none";
}

function accountById(actor: Actor): Call<Account | null> {
  return async (octokit, request) => {
    const answer = await orNull(octokit.rest.users.getById({ account_id: actor.id, request }));
    if (answer === null) return null;
    return { id: answer.data.id, login: answer.data.login, bot: answer.data.type === "Bot" };
  };
}

async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}
