/** A bot as its admin would run it, started against a forge's world: the whole application, over real HTTP. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import type { AgentConfig, Config, CustomAgentConfig } from "../../src/config/config.ts";
import { type App, createApp } from "../../src/index.ts";
import type { ForgeWorld } from "../fakes/forge-world.ts";

export const WEBHOOK_SECRET = "a-webhook-secret-of-the-journeys";
/** In the server's environment; the agent must never see it. */
export const CANARY_KEY = "canary-provider-key-of-another-agent";
/** Also in the server's environment; tests write it into issues, as an agent that got hold of it would. */
export const LEAKED_KEY = "canary-provider-key-that-leaked";

const scriptedAgent = join(import.meta.dirname, "..", "..", "src", "demo", "scripted-agent.ts");

export function agentConfig(name: string, more: Partial<AgentConfig> = {}): AgentConfig {
  return {
    name,
    runtime: "native",
    image: null,
    network: null,
    allow: [],
    confined: null,
    enabled: true,
    program: null,
    home: "run",
    env: {},
    secretEnv: [],
    defaultModel: null,
    custom: null,
    ...more,
  };
}

/** Follows the `step:` lines of its prompt. */
export function scripted(name = "scripted", more: Partial<CustomAgentConfig> = {}): AgentConfig {
  const custom: CustomAgentConfig = {
    argv: [process.execPath, scriptedAgent],
    prompt: "stdin",
    success: { by: "line", pattern: "^DONE (.*)$" },
    mode: "work",
    install: null,
    ...more,
  };
  return agentConfig(name, { custom });
}

export interface BotOptions {
  readonly agents?: readonly AgentConfig[];
  readonly change?: (config: Config) => Config;
  /** A data folder of an earlier bot. */
  readonly dataDir?: string;
}

export interface Bot {
  readonly app: App;
  readonly config: Config;
  /** As a process that goes down without a word to anyone; its agents live on. */
  leave(): Promise<void>;
  /** Stops, and removes what it wrote. */
  close(): Promise<void>;
}

export function botConfig(
  world: Pick<ForgeWorld, "bot" | "forgeConfig">,
  dataDir: string,
  options: BotOptions = {},
): Config {
  const agents = options.agents ?? [scripted()];
  const config: Config = {
    role: "all",
    databaseUrl: null,
    leaseMs: 30_000,
    lost: "restart",
    catchUpMs: null,
    housekeeping: {
      everyMs: 3_600_000,
      workspaces: { ageMs: null, bytes: null },
      mirrors: { ageMs: null, bytes: null },
      logs: { ageMs: null, bytes: null },
      deliveriesMs: null,
    },
    dataDir,
    workspaceRoot: join(dataDir, "workspace"),
    host: "127.0.0.1",
    port: 0,
    publicUrl: null,
    logLevel: process.env.TEST_LOG ?? "silent",
    forges: [world.forgeConfig()],
    agents: Object.fromEntries(agents.map((agent) => [agent.name, agent])),
    defaults: {
      agent: "scripted",
      template: "coding",
      runtime: "auto",
      image: "x",
      gpu: false,
      user: { uid: 1000, gid: 1000 },
      network: null,
      allow: [],
      confined: false,
      draft: false,
    },
    templateDir: null,
    spares: false,
    drain: "leave",
    git: { name: "agent-dispatch", email: "agent-dispatch@example.test", signing: null },
    permission: {
      users: [],
      teams: [],
      bots: [],
      repositories: [],
      trustedWriters: [],
      strangersComments: "leave_out",
    },
    caps: { total: 4, perRepository: null, perPool: null, pools: {}, models: {} },
    rates: { failures: 3, windowMs: 60_000, pauseMs: 30 * 60_000 },
    limits: {
      totalMs: 60_000,
      idleMs: 60_000,
      graceMs: 500,
      logBytes: 1 << 20,
      outputBytes: 64 << 20,
      memoryBytes: null,
      cpus: null,
      pids: null,
      diskBytes: null,
    },
    secrets: {
      ANTHROPIC_API_KEY: CANARY_KEY,
      GEMINI_API_KEY: LEAKED_KEY,
      FORGE_TOKEN: world.bot.token,
      WEBHOOK_SECRET,
    },
    engineEnv: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "/" },
    baseEnv: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "/" },
  };
  return options.change ? options.change(config) : config;
}

export async function startBot(world: ForgeWorld, options: BotOptions = {}): Promise<Bot> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "journey-")));
  world.setHook("http://127.0.0.1:9/not-yet", WEBHOOK_SECRET);
  const config = botConfig(world, dataDir, options);
  const app = await createApp(config, {
    log: pino({ level: config.logLevel }),
    now: Date.now,
    statusEveryMs: 100,
  });
  await app.start();
  world.setHook(`${app.url}/api/webhooks/${config.forges[0]?.name}`, WEBHOOK_SECRET);
  return {
    app,
    config,
    leave: () => app.stop({ agents: "leave" }),
    async close() {
      await app.stop({ agents: "stop" });
      // A stop waits some seconds for work in the background; on a busy machine git may still write a mirror.
      await rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}
