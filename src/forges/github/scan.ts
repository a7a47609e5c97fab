/**
 * Missed events with a token, for which GitHub keeps no log we may read: every repository the bot may write to is asked
 * for what changed since the last look. A quiet one costs one conditional request, whose answer (304) is free of
 * GitHub's limit; what a repository answered is remembered only while the looks follow each other here. A look makes a
 * bounded number of requests; the rounds through all repositories are gone on with from look to look.
 */
import { messageOf } from "../../model/errors.ts";
import { type Actor, type RepoRef, repoName } from "../../model/run.ts";
import type { Forge, Lookback, Missed } from "../forge.ts";
import type { GithubClient } from "./client.ts";
import type { Found } from "./found.ts";
import { callsOf, cursorOf, firstCursor, iso, readMark, troubleOf } from "./look.ts";
import { ownPage } from "./own-repositories.ts";
import { goOn, hasMoved, nextMark, type Round } from "./round.ts";

/** Beside those that list the repositories. A look stops at the first occasion after them. */
const MOST_REQUESTS = 500;
const PAGE = 100;

/** What a repository's list was last known as, by the repository's name. Good only for the cursor given back then. */
interface Memory {
  cursor: string | null;
  readonly etags: Map<string, string | null>;
}

/** `self` tells who the bot is, whose own doings are left out. */
export function scan(
  client: GithubClient,
  self: () => Promise<Actor>,
  most = MOST_REQUESTS,
): Forge["missed"] {
  const memory: Memory = { cursor: null, etags: new Map() };
  return async (look) => {
    const { ask, spent } = callsOf(client, look);
    const mark = readMark(look.cursor, (from) => from === "" || from.includes("/"));
    const troubles = new Set<string>();
    if (look.cursor === null || mark === null) {
      return { deliveries: [], cursor: firstCursor((await ownPage(ask, look, 1, 1, troubles)).at) };
    }
    const { repositories, at } = await repositoriesOf(ask, look, client.config.name, troubles);
    if (memory.cursor !== look.cursor) memory.etags.clear();
    const budget = spent() + most;
    const round: Round = {
      ...{ ask, look, mark, troubles, repositories, etags: memory.etags, happened: [] },
      self: (await self()).id,
      began: mark.rest?.began ?? iso(at),
      again: new Map(Object.entries(mark.repositories)),
      isEnough: () => spent() >= budget,
    };
    const { place, failure } = await goOn(round);
    const deliveries = await unknownOf(look, round.happened);
    // Refused at once: whoever asked has to know how long to wait.
    if (failure !== null && deliveries.length === 0 && !hasMoved(mark, place)) throw failure;
    if (failure !== null && !look.signal.aborted) troubles.add(messageOf(failure));
    const cursor = cursorOf(nextMark(round, place));
    memory.cursor = cursor;
    return { deliveries, cursor, trouble: troubleOf(troubles), through: place === null };
  };
}

/** Those of an earlier look are left out, the others told once, the oldest first. */
async function unknownOf(look: Lookback, happened: readonly Found[]): Promise<Missed["deliveries"]> {
  const found = new Map(happened.map((one) => [one.id, one]));
  const known = await look.known([...found.keys()]);
  return [...found.values()]
    .filter(({ id }) => !known.has(id))
    .sort((a, b) => a.at - b.at)
    .map(({ at: _, ...delivery }) => ({ ...delivery, receivedAt: look.now }));
}

/** Those told and those the bot may write to, by name in lower case. `at` is GitHub's time at the first answer. */
async function repositoriesOf(
  ask: GithubClient["asSelf"],
  look: Lookback,
  forge: string,
  troubles: Set<string>,
) {
  const repositories = new Map<string, RepoRef>();
  for (const repo of look.repositories) repositories.set(repoName(repo).toLowerCase(), repo);
  let at: number | null = null;
  for (let number = 1; ; number++) {
    const page = await ownPage(ask, look, number, PAGE, troubles);
    at ??= page.at;
    for (const { owner, name } of page.repositories) {
      const repo = { forge, owner, name };
      repositories.set(repoName(repo).toLowerCase(), repo);
    }
    if (page.isLast) return { repositories, at };
  }
}
