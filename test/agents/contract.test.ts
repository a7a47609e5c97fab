/** The agent contract, on every adapter. */

import type { Agent } from "../../src/agents/agent.ts";
import { createAgents } from "../../src/agents/registry.ts";
import type { CustomAgentConfig } from "../../src/config/config.ts";
import { type AgentSample, describeAgentContract } from "../contracts/agent.ts";
import { lines, recorded } from "./fixtures.ts";
import { agentConfig } from "./settings.ts";

function made(name: string, custom: CustomAgentConfig | null = null): Agent {
  const agent = createAgents({ [name]: agentConfig(name, { custom }) }, () => 0).get(name);
  if (!agent) throw new Error(`the registry made no ${name}`);
  return agent;
}

const plain: CustomAgentConfig = {
  argv: ["my-agent", "--in", "{checkout}"],
  prompt: "stdin",
  success: { by: "line", pattern: "^DONE: (.*)[.]$" },
  mode: "work",
  install: null,
};
const byFile: CustomAgentConfig = {
  ...plain,
  argv: ["my-agent", "{prompt_file}", "--model={model}"],
  prompt: "file",
  mode: "review",
};

const samples: readonly AgentSample[] = [
  {
    name: "codex",
    create: () => made("codex"),
    models: [null, "gpt-5.4", "review", "lemer"],
    takesPrompt: true,
    success: recorded("codex-work"),
    fatal: recorded("codex-unauthorized").at(-1) ?? null,
  },
  {
    name: "local",
    create: () => made("local"),
    models: [null, "qwen3:8b", "lemmy"],
    takesPrompt: true,
    success: recorded("codex-work"),
    fatal: recorded("codex-usage-limit").at(-1) ?? null,
  },
  {
    name: "claude",
    create: () => made("claude"),
    models: [null, "opus"],
    takesPrompt: true,
    success: recorded("claude-work"),
    fatal: recorded("claude-unauthorized").at(-1) ?? null,
  },
  {
    name: "gemini",
    create: () => made("gemini"),
    models: [null, "flash"],
    takesPrompt: true,
    success: recorded("gemini-work"),
    fatal: recorded("gemini-usage-limit").at(-1) ?? null,
  },
  {
    name: "coderabbit",
    create: () => made("coderabbit"),
    models: [null, "committed"],
    takesPrompt: false,
    success: lines({ type: "status", status: "reviewing" }, { type: "complete", status: "review_completed" }),
    fatal: JSON.stringify({ type: "error", errorType: "auth", message: "not logged in" }),
  },
  {
    name: "a custom agent by stdin",
    create: () => made("mine", plain),
    models: [null, "m"],
    takesPrompt: true,
    success: ["working", "DONE: all of it."],
    fatal: null,
  },
  {
    name: "a custom agent by file",
    create: () => made("mine", byFile),
    models: ["m"],
    takesPrompt: true,
    success: ["reading", "DONE: nothing to say."],
    fatal: null,
  },
];

for (const sample of samples) describeAgentContract(sample);
