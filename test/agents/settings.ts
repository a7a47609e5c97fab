/** An agent's settings as the config gives them, with what a test changes. */
import type { AgentConfig } from "../../src/config/config.ts";

export function agentConfig(name: string, changes: Partial<AgentConfig> = {}): AgentConfig {
  return {
    name,
    runtime: null,
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
    ...changes,
  };
}
