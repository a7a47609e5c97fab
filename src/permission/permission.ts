/**
 * The only gate: may this person command the bot in this repository? Asked once for each command, of the forge, by
 * numeric id; nothing of a payload counts but that id. A stranger is told that it is a no, and not who may.
 *
 * Order: the bot itself → the list of repositories → other bots → may write → narrowed to users and teams. A forge
 * that does not answer makes `decide` throw; the command is then tried again later, and nothing is started.
 */
import type { PermissionConfig } from "../config/config.ts";
import type { Access, Forge } from "../forges/forge.ts";
import { ForgeError } from "../model/errors.ts";
import { type Actor, type RepoRef, repoName } from "../model/run.ts";

export interface PermissionRequest {
  readonly forge: Forge;
  readonly repo: RepoRef;
  readonly actor: Actor & { readonly bot: boolean };
  /** Who the bot is on this forge. */
  readonly self: Actor;
  /** Logins that the repository's own configuration narrows to; null when it does not, empty: nobody. */
  readonly repositoryUsers: readonly string[] | null;
}

/** `reason` is a sentence for the person; `answer` is false where even that would be too much. */
export type Decision =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly reason: string; readonly answer: boolean };

export interface Permissions {
  /** Throws ForgeError when the forge can not be asked. */
  decide(request: PermissionRequest): Promise<Decision>;
}

export interface PermissionOptions {
  readonly config: PermissionConfig;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** How long a yes of the forge is taken for true. A no is never kept. */
const KEEP_MS = 30_000;
const MOST_KEPT = 1_000;

const ALLOWED: Decision = { allowed: true };
const NO = "Sorry, you may not command agents in this repository.";
const NO_BOTS = "Bots may not command agents here.";
const NO_TEAMS =
  "The forge did not tell whether you belong to a team that may command agents here. An admin can let the bot's account read the organization's members.";

export function createPermissions(options: PermissionOptions): Permissions {
  const { config, now } = options;
  const yesUntil = new Map<string, number>();

  async function asked(request: PermissionRequest): Promise<Decision> {
    const key = `${request.repo.forge} ${repoName(request.repo).toLowerCase()} ${request.actor.id}`;
    if ((yesUntil.get(key) ?? 0) > now()) return ALLOWED;
    const decision = await askForge(request, config);
    if (decision.allowed) keep(yesUntil, key, now());
    return decision;
  }

  return {
    async decide(request) {
      const { actor, repo, repositoryUsers } = request;
      if (actor.id === request.self.id) return silent("the bot does not command itself");
      const listedBot = holds(config.bots, actor.login);
      if (!isServed(config.repositories, repo))
        return silent("the repository is not in the list of those served");
      if (actor.bot && !listedBot) return no(NO_BOTS);
      const decision = await asked(request);
      if (!decision.allowed) return decision;
      return repositoryUsers === null || holds(repositoryUsers, actor.login) ? ALLOWED : no(NO);
    },
  };
}

/** What only the forge knows: write access, and membership of teams. */
async function askForge(request: PermissionRequest, config: PermissionConfig): Promise<Decision> {
  const { forge, repo, actor } = request;
  const access = await forge.access(repo, actor);
  if (access.bot && !holds(config.bots, actor.login)) return no(NO_BOTS);
  if (access.level === "unknown" && !holds(config.trustedWriters, actor.login)) return no(unknown(access));
  // GitHub tells no permission of an App's account: that the admin listed it has to be enough.
  if (access.bot && access.level === "none") return await narrow(request, config);
  if (access.level === "read" || access.level === "none") return no(NO);
  return await narrow(request, config);
}

/** Without users and teams there is nothing to narrow; with them one of them is enough. */
async function narrow({ forge, actor }: PermissionRequest, config: PermissionConfig): Promise<Decision> {
  const { users, teams } = config;
  if ((users.length === 0 && teams.length === 0) || holds(users, actor.login)) return ALLOWED;
  let unread = false;
  for (const team of teams) {
    const [org = "", name = ""] = team.split("/");
    try {
      if (await forge.isTeamMember(org, name, actor)) return ALLOWED;
    } catch (error) {
      // A forge that is down is asked again later; one that says no leaves the question open, so it stays a no.
      if (!(error instanceof ForgeError) || error.retryable) throw error;
      unread = true;
    }
  }
  return no(unread ? NO_TEAMS : NO);
}

function unknown(access: Access): string {
  return `I can not tell whether you may write to this repository: ${access.why}. An admin can make the bot's account an administrator of the repository, or list trusted logins under \`permission.trusted_writers\`.`;
}

function isServed(patterns: readonly string[], repo: RepoRef): boolean {
  return patterns.length === 0 || holds(patterns, repoName(repo)) || holds(patterns, `${repo.owner}/*`);
}

/** Forges do not tell logins apart by case. */
function holds(list: readonly string[], name: string): boolean {
  return list.some((entry) => entry.toLowerCase() === name.toLowerCase());
}

function keep(yesUntil: Map<string, number>, key: string, at: number): void {
  if (yesUntil.size >= MOST_KEPT) yesUntil.clear();
  yesUntil.set(key, at + KEEP_MS);
}

function no(reason: string): Decision {
  return { allowed: false, reason, answer: true };
}

function silent(reason: string): Decision {
  return { allowed: false, reason, answer: false };
}
