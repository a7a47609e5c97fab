/** Our adapter, by the real Probot and Octokit, before the fake GitHub: what every test here begins with. */
import type { TestContext } from "node:test";
import { Probot } from "probot";
import type { GithubForgeConfig } from "../../../src/config/config.ts";
import type { Forge, Lookback } from "../../../src/forges/forge.ts";
import { createClient, type GithubClient } from "../../../src/forges/github/client.ts";
import { createGithubForge } from "../../../src/forges/github/github-forge.ts";
import { GithubOctokit } from "../../../src/forges/github/octokit.ts";
import type { RepoRef } from "../../../src/model/run.ts";
import { type FakeGithub, startFakeGithub } from "../../fakes/github/fake-github.ts";

export const SECRET = "a secret of enough length";

export interface Connected {
  readonly world: FakeGithub;
  readonly forge: Forge;
  /** `acme/app`, where alice may write. */
  readonly repo: RepoRef;
  readonly name: string;
}

export async function connect(
  t: TestContext,
  as: "app" | "token" = "app",
  timeoutMs = 20_000,
): Promise<Connected> {
  const world = await startFakeGithub({ as });
  t.after(() => world.close());
  world.setHook("http://127.0.0.1:9/", SECRET);
  await world.createUser("alice");
  const name = await world.createRepo({ owner: "acme", name: "app", files: { "README.md": "# App\n" } });
  await world.grant(name, "alice", "write");
  const repo = { forge: "github", owner: "acme", name: "app" };
  return { world, forge: forgeFor(world, timeoutMs), repo, name };
}

/** With its own caches. */
export function forgeFor(world: FakeGithub, timeoutMs = 20_000, now: () => number = Date.now): Forge {
  return forgeWith(world.forgeConfig() as GithubForgeConfig, timeoutMs, now);
}

export function forgeWith(
  config: GithubForgeConfig,
  timeoutMs = 20_000,
  now: () => number = Date.now,
): Forge {
  return createGithubForge({ config, auth: authFor(config), now, timeoutMs });
}

/** What the parts of the adapter are made with. */
export function clientFor(world: FakeGithub): GithubClient {
  const config = world.forgeConfig() as GithubForgeConfig;
  return createClient({ config, auth: authFor(config), now: Date.now });
}

/** A look since a cursor; nothing has arrived, unless told otherwise. */
export function lookSince(cursor: string | null, arrived: readonly string[] = []): Lookback {
  const known = async (ids: readonly string[]) => new Set(ids.filter((id) => arrived.includes(id)));
  return { cursor, notBefore: 0, repositories: [], known, now: 12_345, signal: AbortSignal.timeout(20_000) };
}

/** As main does it. */
function authFor({ auth, baseUrl }: GithubForgeConfig) {
  const key =
    auth.as === "app" ? { appId: auth.appId, privateKey: auth.privateKey } : { githubToken: auth.token };
  const probot = new Probot({ ...key, baseUrl: baseUrl ?? "", Octokit: GithubOctokit, logLevel: "fatal" });
  return (id?: number) => probot.auth(id);
}
