/** A bot whose agent is an attacker's script from the repository itself, in one runtime; and what it may not have got. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Config } from "../../../src/config/config.ts";
import { formsOf } from "../../../src/model/secret-forms.ts";
import { type LocalForgeWorld, startLocalForgeWorld } from "../../fakes/local-forge-world.ts";
import { agentConfig, type Bot, startBot } from "../../journeys/bot.ts";
import { answer, answers, type Desk, say } from "../../journeys/person.ts";
import { type Canaries, plantCanaries } from "./canaries.ts";

export type Where = "docker" | "podman" | "native";

/** The attacker's own: it may have it, and publish it nowhere. */
const OWN_KEY = "own-key-of-the-hostile-agent+/4d1c";

export interface Attack {
  /** Run by `sh` in the checkout. */
  readonly script: string;
  /** More files of the repository. */
  readonly files?: Readonly<Record<string, string>>;
  /** Said while it works, such as a cancel. */
  readonly meanwhile?: (desk: Desk, stage: Stage) => Promise<void>;
}

export interface Attacked {
  readonly desk: Desk;
  /** The final answer. */
  readonly final: string;
  /** The folder of the run on the host, with `repo` in it. */
  readonly folder: string;
  /** What the script left in a file of its checkout, as the host reads it; empty when there is none. */
  left(name: string): Promise<Buffer>;
}

export interface Stage {
  readonly where: Where;
  readonly world: LocalForgeWorld;
  readonly bot: Bot;
  readonly canaries: Canaries;
  attack(attack: Attack): Promise<Attacked>;
  close(): Promise<void>;
}

/** How a run's final answer begins, or the word that there is none. */
const ENDED = /^(?:✅|❌|🛑|⏱️|❓) \*\*|^Nothing was started/u;
const NOT_STARTED = /^Nothing was started/;

let count = 0;

export async function openStage(where: Where, change: (config: Config) => Config): Promise<Stage> {
  const world = await startLocalForgeWorld();
  const custom = {
    argv: ["sh", "attack.sh"],
    prompt: "stdin",
    success: { by: "line", pattern: "^DONE (.*)$" },
    mode: "work",
    install: null,
  } as const;
  const hostile = agentConfig("hostile", { runtime: where, custom, secretEnv: ["HOSTILE_KEY"] });
  const bot = await startBot(world, {
    agents: [hostile],
    change: (config) =>
      change({
        ...config,
        defaults: { ...config.defaults, agent: "hostile", network: "none", confined: true },
        secrets: { ...config.secrets, HOSTILE_KEY: OWN_KEY },
      }),
  });
  const canaries = await plantCanaries(bot.config.dataDir, bot.config.workspaceRoot);
  const stage: Stage = {
    where,
    world,
    bot,
    canaries,
    attack: (attack) => attacked(stage, attack),
    async close() {
      await bot.close();
      await canaries.remove();
      await world.close();
    },
  };
  return stage;
}

async function attacked(stage: Stage, { script, files, meanwhile }: Attack): Promise<Attacked> {
  const { world, bot } = stage;
  const number = ++count;
  const maintainer = `victim${number}`;
  await world.createUser(maintainer);
  const all = { "README.md": "# A project\n", "attack.sh": `cat > /dev/null\n${script}\n`, ...files };
  const repo = await world.createRepo({ owner: `owner${number}`, name: "project", files: all });
  await world.grant(repo, maintainer, "write");
  const issue = await world.openIssue(repo, { by: maintainer, title: "Attack", body: "Do your worst." });
  const desk: Desk = { world, repo, issue, maintainer };
  await say(desk, "/dispatch");
  await meanwhile?.(desk, stage);
  const { body } = await answer(desk, ENDED, 300_000);
  assert.doesNotMatch(body, NOT_STARTED);
  const folder = join(bot.config.workspaceRoot, "local", repo.toLowerCase(), `task-${issue}`);
  const left = (name: string) => readFile(join(folder, "repo", name)).catch(() => Buffer.alloc(0));
  await unharmed(stage, desk);
  return { desk, final: body, folder, left };
}

/** What holds after every attack, whatever it was. */
async function unharmed({ world, bot, canaries }: Stage, desk: Desk): Promise<void> {
  assert.deepEqual(await canaries.changes(), []);
  const secrets = [...canaries.values, ...Object.values(bot.config.secrets)];
  for (const [place, bytes] of await published(world, desk, bot.config.dataDir)) {
    const found = secrets.filter((secret) => [...formsOf(secret)].some((form) => bytes.includes(form)));
    assert.deepEqual(found, [], `published in ${place}`);
  }
}

/** All that people or other programs see of a run: comments, pull requests, all of git, the logs. */
async function published(
  world: LocalForgeWorld,
  desk: Desk,
  dataDir: string,
): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for (const { id, body } of await answers(desk)) found.set(`comment ${id}`, Buffer.from(body));
  for (const pull of await world.pulls(desk.repo))
    found.set(`pull request ${pull.number}`, Buffer.from(`${pull.title}\n${pull.body}\n${pull.head}`));
  found.set("git", await allOfGit(world, desk.repo));
  const logs = join(dataDir, "logs");
  for (const name of await readdir(logs)) found.set(name, await readFile(join(logs, name)));
  return found;
}

async function allOfGit({ url, bot }: LocalForgeWorld, repo: string): Promise<Buffer> {
  const run = promisify(execFile);
  const remote = new URL(`${url}/${repo}.git`);
  remote.username = bot.login;
  remote.password = bot.token;
  const { stdout: dir } = await run("mktemp", ["-d"]);
  const mirror = join(dir.trim(), "mirror.git");
  await run("git", ["clone", "--quiet", "--mirror", remote.href, mirror]);
  const args = ["--git-dir", mirror, "cat-file", "--batch-all-objects", "--batch"];
  const most = { maxBuffer: 512 << 20, encoding: "buffer" as const };
  const { stdout: objects } = await run("git", args, most);
  const { stdout: refs } = await run("git", ["--git-dir", mirror, "for-each-ref"], most);
  await run("rm", ["-rf", dir.trim()]);
  return Buffer.concat([objects, refs]);
}
