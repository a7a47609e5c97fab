/**
 * The whole bot with the real CLIs as an admin would set them up: on the host, programs by path, the providers'
 * addresses leading to a model server of ours, each key under its own name. Each issue has a script of its own for
 * the model, named in its text, so that any number of runs share one bot.
 */
import { after, before, describe } from "node:test";
import type { AgentConfig, Config } from "../../../src/config/config.ts";
import type { Run } from "../../../src/model/run.ts";
import type { ForgeWorld } from "../../fakes/forge-world.ts";
import type { Script, Step } from "../../fakes/model-server/script.ts";
import { type ModelRequest, type ModelServer, startModelServer } from "../../fakes/model-server/server.ts";
import { agentConfig, type Bot, type BotOptions, startBot } from "../../journeys/bot.ts";
import { type Desk, openDesk } from "../../journeys/person.ts";
import { CLEAN_PATH, type Cli, programOf } from "./programs.ts";

/** Made up; none is a key of anybody. */
export const KEYS = {
  CODEX_API_KEY: "made-up-key-for-codex-0123456789",
  ANTHROPIC_API_KEY: "made-up-key-for-claude-0123456789",
  GEMINI_API_KEY: "made-up-key-for-gemini-0123456789",
} as const;

/** An issue whose model plays a script. */
export interface ScriptedDesk extends Desk {
  readonly script: number;
  /** What the CLI asked the model about this issue, in order. */
  asked(): readonly ModelRequest[];
  /** The issue's last run, or that of a pull request. */
  run(pull?: number): Promise<Run>;
}

export interface RealStage {
  readonly world: ForgeWorld;
  readonly bot: Bot;
  open(script: Script): Promise<ScriptedDesk>;
  /** The bot goes without a word to its agents, and another one takes over. */
  restart(): Promise<void>;
}

export interface StageOptions {
  readonly world: () => Promise<ForgeWorld>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly change?: (config: Config) => Config;
  /** How many tests run at a time; 2 unless told, as the CLIs are heavy. */
  readonly concurrency?: number;
}

/** One world, model server and bot for all tests of `tests`. */
export function withRealAgents(name: string, options: StageOptions, tests: (stage: () => RealStage) => void) {
  describe(name, { concurrency: options.concurrency ?? 2, timeout: 180_000 }, () => {
    let stage: (RealStage & { close(): Promise<void> }) | undefined;
    before(async () => {
      stage = await openStage(options);
    });
    after(() => stage?.close());
    tests(() => {
      if (!stage) throw new Error("the stage is not set");
      return stage;
    });
  });
}

async function openStage({ world: openWorld, secrets = KEYS, change }: StageOptions) {
  // First, for a missing one is an error, and an error with a server open would hang the tests.
  const programs = { codex: programOf("codex"), claude: programOf("claude"), gemini: programOf("gemini") };
  const scripts: Script[] = [];
  const script: Script = (turn) => scripts[numberIn(turn.prompt) ?? -1]?.(turn) ?? SIDE_ANSWER;
  const [world, model] = await Promise.all([openWorld(), startModelServer({ script })]);
  const options: BotOptions = {
    agents: realAgents(model, programs),
    change: (config) => asAdmin(config, secrets, change),
  };
  let bot = await startBot(world, options);
  return {
    world,
    get bot() {
      return bot;
    },
    async restart() {
      const { dataDir } = bot.config;
      await bot.leave();
      bot = await startBot(world, { ...options, dataDir });
    },
    async open(script: Script): Promise<ScriptedDesk> {
      const number = scripts.push(script) - 1;
      const desk = await openDesk(world, [`script ${number}`]);
      return {
        ...desk,
        script: number,
        asked: () => model.requests.filter(({ turn }) => numberIn(turn?.prompt ?? "") === number),
        run: (pull) => lastRun(bot, { ...desk, issue: pull ?? desk.issue }),
      };
    },
    async close() {
      await bot.close();
      await Promise.all([world.close(), model.close()]);
    },
  };
}

function asAdmin(
  config: Config,
  secrets: Readonly<Record<string, string>>,
  change: StageOptions["change"],
): Config {
  const { FORGE_TOKEN = "", WEBHOOK_SECRET = "" } = config.secrets;
  const real: Config = {
    ...config,
    secrets: { FORGE_TOKEN, WEBHOOK_SECRET, ...secrets },
    baseEnv: { ...config.baseEnv, PATH: CLEAN_PATH },
  };
  return change ? change(real) : real;
}

/** To what a CLI asks for itself, as a title for the session. */
const SIDE_ANSWER: Step = { say: "Nothing to say." };

function numberIn(prompt: string): number | null {
  const number = /\bstep: script (\d+)\b/.exec(prompt)?.[1];
  return number === undefined ? null : Number(number);
}

function realAgents(
  { url }: ModelServer,
  { codex, claude, gemini }: Readonly<Record<Cli, string>>,
): readonly AgentConfig[] {
  return [
    agentConfig("codex", { program: codex, env: { OPENAI_BASE_URL: `${url}/v1` } }),
    agentConfig("local", { program: codex, env: { CODEX_OSS_BASE_URL: `${url}/v1` } }),
    agentConfig("claude", { program: claude, env: { ANTHROPIC_BASE_URL: url } }),
    agentConfig("gemini", { program: gemini, env: { GOOGLE_GEMINI_BASE_URL: url } }),
  ];
}

async function lastRun({ app, config }: Bot, { repo, issue }: Desk): Promise<Run> {
  const [owner = "", name = ""] = repo.split("/");
  const run = await app.store.lastRun({ forge: config.forges[0]?.name ?? "", owner, name }, issue);
  if (!run) throw new Error(`${repo}#${issue} has no run`);
  return run;
}
