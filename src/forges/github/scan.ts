/**
 * Missed events with a token, for which GitHub keeps no log we may read: every repository the bot may write to is asked
 * for what changed since the last look. A quiet one costs one conditional request, whose answer (304) is free of
 * GitHub's limit; what a repository answered is remembered only while the looks follow each other here.
 */
import { z } from "zod";
import { type RepoRef, repoName } from "../../model/run.ts";
import type { Forge, Lookback } from "../forge.ts";
import type { GithubClient } from "./client.ts";
import type { Found } from "./found.ts";
import { callsOf, clockOf, endsLook, firstCursor, isGone, iso, nextCursor, readMark } from "./look.ts";
import { scanRepository } from "./scan-repository.ts";

/** Repositories in one look; the next goes on with the rest. */
const MOST = 500;
const PAGE = 100;

type Ask = GithubClient["asSelf"];

/** What a repository's list was last known as, by the repository's name. Good only for the cursor given back then. */
interface Memory {
  cursor: string | null;
  readonly etags: Map<string, string | null>;
}

export function scan(client: GithubClient, most = MOST): Forge["missed"] {
  const memory: Memory = { cursor: null, etags: new Map() };
  return async (look) => {
    const ask = callsOf(client, look);
    const mark = readMark(look.cursor, (rest) => rest.includes("/"));
    if (look.cursor === null || mark === null) {
      return { deliveries: [], cursor: firstCursor((await ownPage(ask, look, 1, 1)).at) };
    }
    const { repositories, at } = await repositoriesOf(ask, look, client.config.name);
    const began = mark.rest?.began ?? iso(at);
    const from = mark.rest?.from ?? "";
    const left = [...repositories].filter(([key]) => key > from).sort(([a], [b]) => (a < b ? -1 : 1));
    const now = left.slice(0, most);
    if (memory.cursor !== look.cursor) memory.etags.clear();
    const since = Math.max(Date.parse(mark.since), look.notBefore);
    const { deliveries, through, etags } = await scanAll(ask, look, now, since, memory);
    const rest = left.length > now.length ? (now.at(-1)?.[0] ?? null) : null;
    const cursor = through ? nextCursor(mark, began, rest) : look.cursor;
    if (through) {
      for (const [key, etag] of etags) memory.etags.set(key, etag);
      memory.cursor = cursor;
    }
    return { deliveries, cursor };
  };
}

/** `through` is false when some of it has to be looked for again. */
async function scanAll(
  ask: Ask,
  look: Lookback,
  repositories: readonly (readonly [string, RepoRef])[],
  since: number,
  memory: Memory,
) {
  const happened: Found[] = [];
  const etags = new Map<string, string | null>();
  let failure: unknown = null;
  for (const [key, repo] of repositories) {
    try {
      const seen = await scanRepository({ ask, look, repo, since, etag: memory.etags.get(key) ?? null });
      happened.push(...seen.happened);
      etags.set(key, seen.etag);
    } catch (error) {
      if (isGone(error)) continue;
      failure = error;
      if (endsLook(error, look)) break;
    }
  }
  const known = await look.known(happened.map(({ id }) => id));
  const fresh = happened.filter(({ id }) => !known.has(id)).sort((a, b) => a.at - b.at);
  if (failure !== null && fresh.length === 0) throw failure;
  const deliveries = fresh.map(({ at: _, ...delivery }) => ({ ...delivery, receivedAt: look.now }));
  return { deliveries, through: failure === null, etags };
}

/** Those told and those the bot may write to, by name in lower case. `at` is GitHub's time at the first answer. */
async function repositoriesOf(ask: Ask, look: Lookback, forge: string) {
  const repositories = new Map<string, RepoRef>();
  for (const repo of look.repositories) repositories.set(repoName(repo).toLowerCase(), repo);
  let at: number | null = null;
  for (let number = 1; ; number++) {
    const page = await ownPage(ask, look, number, PAGE);
    at ??= page.at;
    for (const { owner, name } of page.repositories) {
      const repo = { forge, owner, name };
      repositories.set(repoName(repo).toLowerCase(), repo);
    }
    if (page.isLast) return { repositories, at };
  }
}

const Own = z.object({
  name: z.string(),
  owner: z.object({ login: z.string() }),
  archived: z.boolean().optional(),
  permissions: z.object({ push: z.boolean() }).optional(),
});

async function ownPage(ask: Ask, look: Lookback, page: number, size: number) {
  return await ask("looking for the bot's repositories", async (octokit, request) => {
    const affiliation = "owner,collaborator,organization_member";
    const where = { affiliation, per_page: size, page, request };
    const { data, headers } = await octokit.rest.repos.listForAuthenticatedUser(where);
    const ours = z.array(Own).parse(data);
    return {
      repositories: ours
        .filter(({ archived, permissions }) => !archived && permissions?.push)
        .map(({ name, owner }) => ({ owner: owner.login, name })),
      isLast: data.length < size,
      at: clockOf(headers, look),
    };
  });
}
