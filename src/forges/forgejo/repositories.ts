/** The repositories a look goes through, in the order of their names. */
import type { Repository as RepositoryReply } from "@llamaduck/forgejo-ts";
import { type RepoRef, repoName } from "../../model/run.ts";
import { at, need } from "./api.ts";
import { statusOf } from "./errors.ts";
import type { Reader } from "./reader.ts";

export interface Listed {
  readonly repo: RepoRef;
  /** False for one that only we know of: it may be gone, archived, or have another name by now (`asNamedNow`). */
  readonly isListed: boolean;
}

/**
 * Those the bot's account belongs to, and those it is known to serve, by name in small letters. Archived ones are left
 * out, since nothing can be said there.
 */
export async function repositoriesOf(
  reader: Reader,
  known: readonly RepoRef[],
  forge: string,
): Promise<ReadonlyMap<string, Listed>> {
  const found = new Map<string, Listed | null>(known.map((repo) => [keyOf(repo), { repo, isListed: false }]));
  for (let page = 1, isLast = false; !isLast; page++) {
    const action = "listing the bot's repositories";
    const reply = await reader.page<RepositoryReply>(action, "GET /user/repos", page);
    for (const row of reply.rows) {
      const repo = refOf(row, forge, action);
      found.set(keyOf(repo), row.archived ? null : { repo, isListed: true });
    }
    isLast = reply.isLast;
  }
  const open = [...found].flatMap(([key, one]): [string, Listed][] => (one ? [[key, one]] : []));
  return new Map(open.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Names of repositories are the same in any case. */
export function keyOf(repo: RepoRef): string {
  return repoName(repo).toLowerCase();
}

/** An old name leads to the new one on the forge. Null when it is gone, archived, or not to be seen. */
export async function asNamedNow(reader: Reader, repo: RepoRef): Promise<RepoRef | null> {
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
