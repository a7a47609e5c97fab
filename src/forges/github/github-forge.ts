/**
 * GitHub, GHES and GitHub's cloud for companies as a Forge: as a GitHub App or with a token. The parts are in the
 * files beside this one. Nothing is tried again here: the caller gives Octokits without retry and throttle plugins.
 */
import type { Forge } from "../forge.ts";
import { type ClientOptions, createClient } from "./client.ts";
import { comments } from "./comments.ts";
import { identity } from "./identity.ts";
import { missed } from "./missed.ts";
import { parse } from "./parse.ts";
import { people } from "./people.ts";
import { pulls } from "./pulls.ts";
import { repositories } from "./repositories.ts";
import { time } from "./time.ts";
import { identify, verify } from "./webhook.ts";

/**
 * `auth` is Probot's `probot.auth`; `now` is epoch milliseconds, for limits that end at a time of GitHub's clock.
 * `timeoutMs` bounds each request (20 s when not given).
 */
export function createGithubForge(options: ClientOptions): Forge {
  const { config } = options;
  const client = createClient(options);
  const who = identity(client);
  return {
    name: config.name,
    kind: "github",
    identify,
    verify: async (headers, body) => verify(config.webhookSecret, headers, body),
    parse: (delivery) => parse(config.name, delivery),
    ...who,
    ...people(client),
    ...repositories(client),
    ...comments(client),
    ...pulls(client),
    ...time(client),
    ...missed(client, who.self),
  };
}
