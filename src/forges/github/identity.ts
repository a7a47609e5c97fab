/** Who the bot itself is, and whether GitHub lets it do what it must. */

import { ForgeError } from "../../model/errors.ts";
import type { Actor } from "../../model/run.ts";
import type { Forge, ForgeProbe, Rights } from "../forge.ts";
import type { Call, GithubClient } from "./client.ts";
import { UNSUSPEND } from "./errors.ts";
import { webUrl } from "./web-url.ts";

const NEEDED_PERMISSIONS = ["issues", "pull_requests", "contents", "checks"] as const;
/** Of the repositories it serves. */
const NEEDED_OF_TOKEN = "read and write access to contents, issues and pull requests";
const NEEDED_EVENTS = ["issues", "issue_comment", "pull_request"] as const;

export function identity(client: GithubClient): Pick<Forge, "self" | "probe" | "rights"> {
  const host = new URL(webUrl(client.config.baseUrl)).host;
  const isApp = client.config.auth.as === "app";
  let known: Actor | null = null;
  return {
    async self() {
      known ??= await (isApp
        ? appsUser(client)
        : client.asSelf("asking GitHub whose token this is", tokensUser));
      return known;
    },
    async probe() {
      try {
        return await (isApp ? probeApp(client, host) : probeToken(client, host));
      } catch (error) {
        if (!(error instanceof ForgeError)) throw error;
        return { ready: false, summary: host, fix: error.message };
      }
    },
    rights: () => client.asSelf("asking GitHub what the bot may do", isApp ? appsRights : tokensRights),
  };
}

const tokensUser: Call<Actor> = async (octokit, request) => {
  const { data } = await octokit.rest.users.getAuthenticated({ request });
  return { id: data.id, login: data.login };
};

/** The account an App writes as. The App itself may not look up users: one of its installations does. */
async function appsUser(client: GithubClient): Promise<Actor> {
  const app = await client.asSelf("asking GitHub who the App is", theApp);
  const action = `looking up ${app.slug}[bot]`;
  const installation = await client.asSelf(action, async (octokit, request) => {
    const { data } = await octokit.rest.apps.listInstallations({ per_page: 1, request });
    return data[0]?.id ?? null;
  });
  if (installation === null) {
    throw new ForgeError(
      `${action}: the App is not installed anywhere; install it at ${app.installUrl}`,
      404,
      false,
    );
  }
  return await client.asInstallation(installation, action, async (octokit, request) => {
    const { data } = await octokit.rest.users.getByUsername({ username: `${app.slug}[bot]`, request });
    return { id: data.id, login: data.login };
  });
}

const theApp: Call<{
  readonly slug: string;
  readonly installUrl: string;
  readonly installations: number;
  readonly lacking: readonly string[];
}> = async (octokit, request) => {
  const { data } = await octokit.rest.apps.getAuthenticated({ request });
  if (!data) throw new Error("it told nothing of the App");
  const permissions: Readonly<Record<string, string | undefined>> = data.permissions;
  return {
    slug: data.slug ?? data.name,
    installUrl: `${data.html_url}/installations/new`,
    installations: data.installations_count ?? 0,
    lacking: [
      ...NEEDED_PERMISSIONS.filter((name) => permissions[name] !== "write").map((name) => `${name}: write`),
      ...NEEDED_EVENTS.filter((name) => !data.events.includes(name)).map((name) => `the event ${name}`),
    ],
  };
};

async function probeApp(client: GithubClient, host: string): Promise<ForgeProbe> {
  const app = await client.asSelf("asking GitHub who the App is", theApp);
  const summary = `${host} as App ${app.slug}`;
  if (app.lacking.length > 0) {
    return { ready: false, summary, fix: `add to the App's settings: ${app.lacking.join(", ")}` };
  }
  if (app.installations === 0) {
    return { ready: true, summary, fix: `it is installed nowhere yet: install it at ${app.installUrl}` };
  }
  const { all, suspended } = await client.asSelf("asking where the App is installed", theInstallations);
  if (suspended.length === 0) return { ready: true, summary, fix: null };
  const fix = `the App is suspended by ${suspended.join(", ")}: ${UNSUSPEND}`;
  return { ready: suspended.length < all, summary, fix };
}

/** The first hundred: whoever has more knows of a suspended one by its failing runs. */
const theInstallations: Call<{ readonly all: number; readonly suspended: readonly string[] }> = async (
  octokit,
  request,
) => {
  const { data } = await octokit.rest.apps.listInstallations({ per_page: 100, request });
  const suspended = data.filter((one) => one.suspended_at).map(({ account }) => nameOf(account));
  return { all: data.length, suspended };
};

function nameOf(account: object | null): string {
  if (account && "login" in account) return String(account.login);
  return account && "slug" in account ? String(account.slug) : "a deleted account";
}

const appsRights: Call<Rights> = async (octokit, request, installation) => {
  const { lacking } = await theApp(octokit, request, installation);
  return { lacking, unknown: null };
};

/** Only classic tokens tell their scopes, in a header of every answer. */
const tokensRights: Call<Rights> = async (octokit, request) => {
  const { headers } = await octokit.rest.users.getAuthenticated({ request });
  const told = headers["x-oauth-scopes"];
  if (told === undefined) {
    const unknown = `GitHub does not tell what a fine-grained token may do: it needs ${NEEDED_OF_TOKEN}`;
    return { lacking: [], unknown };
  }
  const scopes = told.split(",").map((scope) => scope.trim());
  return { lacking: scopes.includes("repo") ? [] : ["repo"], unknown: null };
};

async function probeToken(client: GithubClient, host: string): Promise<ForgeProbe> {
  const user = await client.asSelf("asking GitHub whose token this is", tokensUser);
  return { ready: true, summary: `${host} as ${user.login}`, fix: null };
}
