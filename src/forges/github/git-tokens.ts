/**
 * Passwords for git. As an App: tokens of an hour that open one repository each, so that a leak opens no other.
 * They are asked for by hand, because Octokit's own `auth` method asks github.com even when another address is set.
 */
import { type RepoRef, repoName } from "../../model/run.ts";
import type { GithubClient } from "./client.ts";

interface Minted {
  readonly token: string;
  /** Epoch milliseconds. */
  readonly until: number;
  /** The client's renewals when it was given. */
  readonly renewals: number;
}

/** A token given out is good for at least this long: enough to begin any fetch or push. */
const SPARE_MS = 10 * 60_000;

/** Keeps what it was given until it runs out, or GitHub is seen to have taken tokens back. */
export function gitTokens(client: GithubClient): (repo: RepoRef) => Promise<string> {
  const { auth } = client.config;
  const minted = new Map<string, Minted>();
  return async (repo) => {
    if (auth.as === "token") return auth.token;
    const key = repoName(repo).toLowerCase();
    const known = minted.get(key);
    const isGood = known && known.renewals === client.renewals();
    if (isGood && known.until - SPARE_MS > client.now()) return known.token;
    const fresh = await mint(client, repo);
    minted.set(key, fresh);
    return fresh.token;
  };
}

async function mint(client: GithubClient, repo: RepoRef): Promise<Minted> {
  const action = `getting a git token for ${repoName(repo)}`;
  return await client.onRepo(repo, action, async (octokit, request, installation) => {
    const where = { installation_id: installation ?? 0, repositories: [repo.name], request };
    const { data } = await octokit.rest.apps.createInstallationAccessToken(where);
    return { token: data.token, until: Date.parse(data.expires_at), renewals: client.renewals() };
  });
}
