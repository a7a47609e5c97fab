/**
 * A repository's own configuration, read from its default branch only: what a pull request's branch says about the bot
 * does not count. Kept for a short while, so that a busy issue does not ask the forge for it again and again.
 */
import type { RepositoryConfig } from "../config/config.ts";
import { parseRepositoryConfig } from "../config/repository.ts";
import type { Forge } from "../forges/forge.ts";
import { type RepoRef, repoName } from "../model/run.ts";

const KEPT_MS = 30_000;
const PLACES: Readonly<Record<Forge["kind"], readonly string[]>> = {
  github: [".github/dispatch.yml"],
  forgejo: [".forgejo/dispatch.yml", ".github/dispatch.yml"],
};
export type ReadRepositoryConfig = (repo: RepoRef, forge: Forge) => Promise<RepositoryConfig | null>;

/** Null when the repository has none. Rejects with ConfigError when the file is wrong, naming file, line and key. */
export function createRepositoryConfigs(now: () => number): ReadRepositoryConfig {
  const kept = new Map<string, { readonly until: number; readonly config: RepositoryConfig | null }>();
  return async (repo, forge) => {
    const key = `${repo.forge} ${repoName(repo).toLowerCase()}`;
    const known = kept.get(key);
    if (known && known.until > now()) return known.config;
    kept.delete(key);
    const config = await readFirst(repo, forge);
    kept.set(key, { until: now() + KEPT_MS, config });
    return config;
  };
}

async function readFirst(repo: RepoRef, forge: Forge): Promise<RepositoryConfig | null> {
  for (const place of PLACES[forge.kind]) {
    const text = await forge.file(repo, place);
    if (text !== null) return parseRepositoryConfig(text, place);
  }
  return null;
}
