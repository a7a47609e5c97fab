/**
 * Makes the configured agents: the one place that knows every adapter, and how `agents.yaml` changes each. Settings
 * that the CLI reads from a file of its own are told to its adapter; the rest is laid over what the adapter launches.
 */
import type { AgentConfig } from "../config/config.ts";
import { Refusal } from "../model/errors.ts";
import type { Agent } from "./agent.ts";
import { createClaude } from "./claude/claude.ts";
import { createCoderabbit } from "./coderabbit/coderabbit.ts";
import { type CodexSettings, createCodex } from "./codex/codex.ts";
import { configure } from "./configure.ts";
import { createCustom } from "./custom/custom.ts";
import { createGemini, type GeminiSettings } from "./gemini/gemini.ts";
import { createLocal } from "./local/local.ts";

type Now = () => number;

const ADAPTERS: Readonly<Record<string, (config: AgentConfig, now: Now) => Agent>> = {
  codex: ({ env }, now) => createCodex(codexSettings(env, now)),
  claude: ({ env }) => createClaude({ baseUrl: env.ANTHROPIC_BASE_URL ?? null }),
  gemini: (config) => createGemini(geminiSettings(config)),
  coderabbit: (_, now) => createCoderabbit({ now }),
  local: ({ env }, now) =>
    createLocal((variant) => createCodex({ ...codexSettings(env, now), baseUrl: null }, variant)),
};

type Env = AgentConfig["env"];

function codexSettings(env: Env, now: Now): CodexSettings {
  return { baseUrl: env.OPENAI_BASE_URL ?? null, ollamaUrl: env.CODEX_OSS_BASE_URL ?? null, now };
}

function geminiSettings({ env, home }: AgentConfig): GeminiSettings {
  const isVertex = env.GOOGLE_GENAI_USE_VERTEXAI === "true";
  const byKey = isVertex ? "vertex-ai" : "gemini-api-key";
  return {
    auth: home === "login" ? "oauth-personal" : byKey,
    baseUrl: (isVertex ? env.GOOGLE_VERTEX_BASE_URL : env.GOOGLE_GEMINI_BASE_URL) ?? null,
  };
}

/** The agents that need no `custom` section. */
export const BUILT_IN_AGENTS: readonly string[] = Object.keys(ADAPTERS);

/**
 * By name, without the disabled ones. `now` is epoch milliseconds: some CLIs tell the end of a limit without a date.
 * Throws a Refusal for a name that is neither built in nor custom, or a custom agent that cannot be.
 */
export function createAgents(
  configs: Readonly<Record<string, AgentConfig>>,
  now: Now,
): ReadonlyMap<string, Agent> {
  const enabled = Object.values(configs).filter((config) => config.enabled);
  return new Map(enabled.map((config) => [config.name, configure(adapter(config, now), config)]));
}

function adapter(config: AgentConfig, now: Now): Agent {
  if (config.custom !== null) return createCustom({ ...config.custom, name: config.name });
  const create = Object.hasOwn(ADAPTERS, config.name) ? ADAPTERS[config.name] : undefined;
  if (create) return create(config, now);
  throw new Refusal(
    `reading the agents: unknown agent: ${config.name}`,
    `name one of ${BUILT_IN_AGENTS.join(", ")}, or give it a custom section`,
  );
}
