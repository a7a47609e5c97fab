/** The repositories a token may write to. */
import { z } from "zod";
import type { Lookback } from "../forge.ts";
import type { GithubClient } from "./client.ts";
import { clockOf } from "./look.ts";
import { rowsOf } from "./rows.ts";

type Ask = GithubClient["asSelf"];

const Own = z.object({
  name: z.string(),
  owner: z.object({ login: z.string() }),
  archived: z.boolean().nullish(),
  permissions: z.object({ push: z.boolean() }).nullish(),
});

const ACTION = "looking for the bot's repositories";

/** `at` is GitHub's time when it answered. */
export async function ownPage(ask: Ask, look: Lookback, page: number, size: number, troubles: Set<string>) {
  return await ask(ACTION, async (octokit, request) => {
    const affiliation = "owner,collaborator,organization_member";
    const where = { affiliation, per_page: size, page, request };
    const { data, headers } = await octokit.rest.repos.listForAuthenticatedUser(where);
    return {
      repositories: rowsOf(Own, data, ACTION, troubles)
        .filter(({ archived, permissions }) => !archived && permissions?.push)
        .map(({ name, owner }) => ({ owner: owner.login, name })),
      isLast: data.length < size,
      at: clockOf(headers, look),
    };
  });
}
