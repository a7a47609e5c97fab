/** Everything the suite starts, in one folder: the forge with its people and repositories, the ways to it, the bots. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type LocalForge, startLocalForge } from "../../src/demo/forge/local-forge.ts";
import { type ApiProxy, type Call, openApiProxy } from "./api-proxy.ts";
import { type Bot, makeBot } from "./bot.ts";
import type { Places } from "./forge-facts.ts";
import { randomOf } from "./random.ts";

const AGENT = fileURLToPath(new URL("./agent.ts", import.meta.url));
export const SECRET = "the secret of the chaos suite's webhooks";
export const WRITERS: readonly string[] = ["alice", "bob"];
/** May read, as everybody. */
export const STRANGER = "mallory";
/** The shortest there is. */
export const LEASE_MS = 10_000;
export const GRACE_MS = 2_000;
const REPOSITORIES = ["acme/app", "acme/docs", "umbrella/tools"];

export interface Town extends Places {
  readonly forge: LocalForge;
  readonly token: string;
}

export async function openTown(dir: string): Promise<Town> {
  const root = join(dir, "forge");
  const forge = await startLocalForge({ dir: root, now: Date.now });
  const bot = forge.createUser("dispatcher");
  for (const login of [...WRITERS, STRANGER]) forge.createUser(login);
  for (const name of REPOSITORIES) {
    const [owner = "", repo = ""] = name.split("/");
    await forge.createRepo({ owner, name: repo, files: { "README.md": `# ${repo}\n` } });
    forge.grant(name, bot.login, "admin");
    for (const login of WRITERS) forge.grant(name, login, "write");
  }
  return {
    forge,
    bot: bot.login,
    token: bot.token,
    repos: REPOSITORIES,
    gitRoot: join(root, "repositories"),
  };
}

export interface BotPlan {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly takesWebhooks: boolean;
}

export interface Hired {
  readonly bot: Bot;
  readonly proxy: ApiProxy;
}

/** A bot in a folder of its own, with its own way to the forge. `seen` is told of each of its calls. */
export async function hire(
  plan: BotPlan,
  places: { readonly dir: string; readonly journal: string; readonly town: Town; readonly seed: number },
  seen: (bot: Bot, call: Call) => Promise<void>,
): Promise<Hired> {
  const dir = join(places.dir, plan.name);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "agents.yaml"), agentsYaml(dir, places.journal));
  const hired: { bot?: Bot } = {};
  const proxy = await openApiProxy({
    random: randomOf(places.seed, `api of ${plan.name}`),
    forge: places.town.forge.url,
    seen: async (call) => hired.bot && (await seen(hired.bot, call)),
  });
  const env = {
    FORGEJO_URL: proxy.url,
    FORGEJO_TOKEN: places.town.token,
    FORGEJO_WEBHOOK_SECRET: SECRET,
    ...plan.env,
  };
  const bot = await makeBot({ ...plan, dir, cwd: dir, env });
  hired.bot = bot;
  return { bot, proxy };
}

/** Failures never pause the agent here: most of what is asked for fails on purpose. */
function agentsYaml(dir: string, journal: string): string {
  const argv = JSON.stringify([process.execPath, AGENT, "{model}"]);
  return `dispatch:
  agent: chaos
  runtime: native
  confined: false
  workspace_root: ${JSON.stringify(join(dir, "workspace"))}
  grace: ${GRACE_MS / 1000}s
  lease: ${LEASE_MS / 1000}s
  catch_up: 30s
concurrency: { total: 4 }
rates: { failures: 1000000 }
agents:
  chaos:
    runtime: native
    env: { CHAOS_JOURNAL: ${JSON.stringify(journal)} }
    custom: { argv: ${argv}, success: { line: "^DONE (.*)$" } }
`;
}
