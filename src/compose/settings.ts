/**
 * The configuration as it stands now, and what follows from it alone: both made anew at a reload. What is fixed for
 * the life of the process (forges, role, database, address, folders) stays as it was at the start.
 */
import type { Agent } from "../agents/agent.ts";
import { createAgents } from "../agents/registry.ts";
import type { Config } from "../config/config.ts";
import { withEarlier } from "../config/secrets.ts";
import { Refusal } from "../model/errors.ts";
import { createPermissions, type Permissions } from "../permission/permission.ts";
import { createRedactor, createSecretSearch } from "../supervisor/redact.ts";

export interface Settings {
  config(): Config;
  agents(): ReadonlyMap<string, Agent>;
  /** Throws a Refusal that names the agents there are. */
  agent(pool: string): Agent;
  permissions(): Permissions;
  redact(text: string): string;
  /** The name of a secret that the text holds, or null. */
  findSecret(text: string): string | null;
  reload(next: Config): void;
}

/** `tokens` are secrets of runs, by names of their own; another object when there are others. */
export function createSettings(
  initial: Config,
  now: () => number,
  tokens: () => Config["secrets"] = () => NO_TOKENS,
): Settings {
  let config = initial;
  let derived = derive(initial, now);
  let search = searchFor(initial, tokens());
  const current = () => {
    if (search.config !== config || search.tokens !== tokens()) search = searchFor(config, tokens());
    return search;
  };
  return {
    config: () => config,
    agents: () => derived.agents,
    agent: (pool) => agentNamed(derived.agents, pool),
    permissions: () => derived.permissions,
    redact: (text) => current().redact(text),
    findSecret: (text) => current().findSecret(text),
    reload(next) {
      const { role, databaseUrl, leaseMs, dataDir, workspaceRoot, host, port, forges } = initial;
      const fixed = { role, databaseUrl, leaseMs, dataDir, workspaceRoot, host, port, forges };
      // A secret that was replaced is still one: the forges go on with theirs until the next start.
      config = { ...next, ...fixed, secrets: withEarlier(next.secrets, config.secrets) };
      derived = derive(config, now);
    },
  };
}

function derive(config: Config, now: () => number) {
  return {
    agents: createAgents(config.agents, now),
    permissions: createPermissions({ config: config.permission, now }),
  };
}

const NO_TOKENS: Config["secrets"] = {};

function searchFor(config: Config, tokens: Config["secrets"]) {
  const secrets = { ...tokens, ...config.secrets };
  return { config, tokens, redact: createRedactor(secrets), findSecret: createSecretSearch(secrets) };
}

function agentNamed(agents: ReadonlyMap<string, Agent>, pool: string): Agent {
  const agent = agents.get(pool);
  if (agent) return agent;
  throw new Refusal(`unknown agent: ${pool}`, `There are: ${[...agents.keys()].join(", ")}.`);
}
