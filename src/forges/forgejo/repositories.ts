/** The repositories a look goes through, each once and by the name it has now. */
import type { Repository as RepositoryReply } from "@llamaduck/forgejo-ts";
import { type RepoRef, repoName } from "../../model/run.ts";
import { at, need } from "./api.ts";
import { statusOf } from "./errors.ts";
import type { Reader } from "./reader.ts";

/**
 * Those the bot's account belongs to, and those it is known to serve; in the order of their names. An old name of one
 * leads to the new one on the forge, so what is not listed is asked for its name: under two names the same comment
 * would be two. Archived ones are left out, since nothing can be said there.
 */
export async function repositoriesOf(
  reader: Reader,
  known: readonly RepoRef[],
  forge: string,
): Promise<readonly RepoRef[]> {
  const found = new Map<string, RepoRef>();
  const listed = new Set<string>();
  for (let page = 1, isLast = false; !isLast; page++) {
    const action = "listing the bot's repositories";
    const reply = await reader.page<RepositoryReply>(action, "GET /user/repos", page);
    for (const row of reply.rows) {
      const repo = refOf(row, forge, action);
      listed.add(keyOf(repo));
      if (!row.archived) found.set(keyOf(repo), repo);
    }
    isLast = reply.isLast;
  }
  for (const repo of known) {
    const now = listed.has(keyOf(repo)) ? null : await asNamedNow(reader, repo);
    if (now) found.set(keyOf(now), now);
  }
  return [...found.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** Names of repositories are the same in any case. */
export function keyOf(repo: RepoRef): string {
  return repoName(repo).toLowerCase();
}

/** Null when it is gone, archived, or not to be seen. */
async function asNamedNow(reader: Reader, repo: RepoRef): Promise<RepoRef | null> {
  const action = `looking for ${repoName(repo)}`;
  try {
    const { data } = await reader.get<RepositoryReply>(action, "GET /repos/{owner}/{repo}", at(repo));
    return data.archived ? null : refOf(data, repo.forge, action);
  } catch (error) {
    if ([403, 404].includes(statusOf(error))) return null;
    throw error;
  }
}

function refOf(reply: RepositoryReply, forge: string, action: string): RepoRef {
  const owner = need(reply.owner?.login, "owner", action);
  return { forge, owner, name: need(reply.name, "name", action) };
}
