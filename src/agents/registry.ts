/**
 * Makes the configured agents: the one place that knows every adapter, and how `agents.yaml` changes each. Settings
 * that the CLI reads from a file of its own are told to its adapter; the rest is laid over what the adapter launches.
 */
import type { AgentConfig } from "../config/config.ts";
import { Refusal } from "../model/errors.ts";
import type { Agent } from "./agent.ts";
import { createClaude } from "./claude/claude.ts";
import { createCoderabbit } from "./coderabbit/coderabbit.ts";
import { createCodex } from "./codex/codex.ts";
import { configure } from "./configure.ts";
import { createCustom } from "./custom/custom.ts";
import { createGemini } from "./gemini/gemini.ts";
import { createLocal } from "./local/local.ts";

type Now = () => number;

const ADAPTERS: Readonly<Record<string, (config: AgentConfig, now: Now) => Agent>> = {
  codex: ({ env }, now) => createCodex({ baseUrl: env.OPENAI_BASE_URL ?? null, now }),
  claude: () => createClaude(),
  gemini: (config) => createGemini({ auth: geminiAuth(config) }),
  coderabbit: (_, now) => createCoderabbit({ now }),
  local: (_, now) => createLocal((variant) => createCodex({ baseUrl: null, now }, variant)),
};

function geminiAuth({ env, home }: AgentConfig) {
  if (home === "login") return "oauth-personal";
  return env.GOOGLE_GENAI_USE_VERTEXAI === "true" ? "vertex-ai" : "gemini-api-key";
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
