/**
 * One request at a time to GitHub, in the right role: as the App itself, as its installation on a repository or
 * organisation, or with the configured token. Each is bounded in time, minting the installation's token included,
 * and each failure becomes a ForgeError. It repeats nothing: that is for whoever asked.
 */
import type { ProbotOctokit } from "probot";
import type { GithubForgeConfig } from "../../config/config.ts";
import { ForgeError } from "../../model/errors.ts";
import { type RepoRef, repoName } from "../../model/run.ts";
import { toForgeError, UNSUSPEND } from "./errors.ts";
import { installationTokens } from "./installation-tokens.ts";

export interface ClientOptions {
  readonly config: GithubForgeConfig;
  /** Probot's `auth`; without an installation: the App itself, or the token. */
  readonly auth: (installationId?: number) => Promise<ProbotOctokit>;
  readonly now: () => number;
  /** How long one request may take; 20 s when not given. */
  readonly timeoutMs?: number;
}

/** Passed on as the `request` parameter of every call, so that it ends in time. */
interface RequestOptions {
  readonly signal: AbortSignal;
}

/** `installation` is the id it speaks as; null as the App itself or with a token. */
export type Call<T> = (
  octokit: ProbotOctokit,
  request: RequestOptions,
  installation: number | null,
) => Promise<T>;

export interface GithubClient {
  readonly config: GithubForgeConfig;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** How often the token of an installation was refused and asked for anew: what was made of one before may be void. */
  readonly renewals: () => number;
  /** As the App itself, or with the token. `action` begins the message of a failure. */
  asSelf<T>(action: string, call: Call<T>): Promise<T>;
  asInstallation<T>(id: number, action: string, call: Call<T>): Promise<T>;
  onRepo<T>(repo: RepoRef, action: string, call: Call<T>): Promise<T>;
  onOrg<T>(org: string, action: string, call: Call<T>): Promise<T>;
}

const TIMEOUT_MS = 20_000;

export function createClient(options: ClientOptions): GithubClient {
  const { config, auth } = options;
  const installations = new Map<string, number>();
  const tokens = installationTokens(auth);
  const ask = <T>(action: string, call: (request: RequestOptions) => Promise<T>) =>
    bounded(options, action, call);

  const asSelf = <T>(action: string, call: Call<T>) =>
    ask(action, async (request) => call(await auth(), request, null));

  const asInstallation = <T>(id: number, action: string, call: Call<T>) =>
    ask(action, (request) => tokens.use(id, (octokit) => call(octokit, request, id)));

  async function installed<T>(key: string, action: string, find: Call<number>, call: Call<T>): Promise<T> {
    if (config.auth.as === "token") return await asSelf(action, call);
    const known = installations.get(key);
    const id = known ?? (await findAnew());
    try {
      return await asInstallation(id, action, call);
    } catch (error) {
      if (!mayBeUninstalled(error)) throw error;
      installations.delete(key);
      if (known === undefined) throw error;
      // Uninstalled and installed again, it is another one. Where there is none, finding it says so better.
      const other = await findAnew();
      if (other === known) throw error;
      return await asInstallation(other, action, call);
    }

    async function findAnew(): Promise<number> {
      const found = await asSelf(`${action}: finding the App's installation`, find);
      installations.set(key, found);
      return found;
    }
  }

  return {
    config,
    now: options.now,
    renewals: () => tokens.renewals(),
    asSelf,
    asInstallation,
    onRepo: (repo, action, call) =>
      installed(`repo:${repoName(repo).toLowerCase()}`, action, findOnRepo(repo), call),
    onOrg: (org, action, call) => installed(`org:${org.toLowerCase()}`, action, findOnOrg(org), call),
  };
}

function findOnRepo(repo: RepoRef): Call<number> {
  return async (octokit, request) => {
    const where = { owner: repo.owner, repo: repo.name, request };
    return idOf((await octokit.rest.apps.getRepoInstallation(where)).data, repoName(repo));
  };
}

function findOnOrg(org: string): Call<number> {
  return async (octokit, request) =>
    idOf((await octokit.rest.apps.getOrgInstallation({ org, request })).data, org);
}

/** Of a suspended one GitHub would only say, to each token, that something is forbidden. */
function idOf(found: { readonly id: number; readonly suspended_at?: string | null }, on: string): number {
  if (!found.suspended_at) return found.id;
  throw new ForgeError(`finding the App's installation on ${on}: it is suspended; ${UNSUSPEND}`, 403, false);
}

function mayBeUninstalled(error: unknown): boolean {
  return error instanceof ForgeError && (error.status === 404 || error.status === 401);
}

async function bounded<T>(
  options: ClientOptions,
  action: string,
  call: (request: RequestOptions) => Promise<T>,
): Promise<T> {
  const ms = options.timeoutMs ?? TIMEOUT_MS;
  const late = Promise.withResolvers<never>();
  const stop = new AbortController();
  const timer = setTimeout(() => {
    const reason = new DOMException(`no answer in ${ms / 1000} s`, "TimeoutError");
    stop.abort(reason);
    late.reject(reason);
  }, ms);
  try {
    return await Promise.race([call({ signal: stop.signal }), late.promise]);
  } catch (error) {
    throw toForgeError(error, { action, as: options.config.auth.as, now: options.now() });
  } finally {
    clearTimeout(timer);
  }
}
