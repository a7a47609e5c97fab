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
  /** Values that must never be pushed. */
  secretValues(): readonly string[];
  /** What a run was lent is a secret too, under this name, from now on; the newest are remembered. */
  learnSecrets(name: string, values: readonly string[]): void;
  reload(next: Config): void;
}

/** Logins of three agents with three tokens each, renewed some times. */
const MOST_LEARNT = 60;

export function createSettings(initial: Config, now: () => number): Settings {
  let config = initial;
  /** Values → names, the oldest first. */
  const learnt = new Map<string, string>();
  let derived = derive(initial, learnt, now);
  return {
    config: () => config,
    agents: () => derived.agents,
    agent: (pool) => agentNamed(derived.agents, pool),
    permissions: () => derived.permissions,
    redact: (text) => derived.redact(text),
    findSecret: (text) => derived.findSecret(text),
    secretValues: () => [...Object.values(config.secrets), ...learnt.keys()],
    learnSecrets(name, values) {
      const isNew = values.filter((value) => !learnt.has(value)).length > 0;
      for (const value of values) {
        learnt.delete(value);
        learnt.set(value, name);
      }
      for (const value of [...learnt.keys()].slice(0, -MOST_LEARNT)) learnt.delete(value);
      if (isNew) derived = derive(config, learnt, now);
    },
    reload(next) {
      const { role, databaseUrl, leaseMs, dataDir, workspaceRoot, host, port, forges } = initial;
      const fixed = { role, databaseUrl, leaseMs, dataDir, workspaceRoot, host, port, forges };
      // A secret that was replaced is still one: the forges go on with theirs until the next start.
      config = { ...next, ...fixed, secrets: withEarlier(next.secrets, config.secrets) };
      derived = derive(config, learnt, now);
    },
  };
}

function derive(config: Config, learnt: ReadonlyMap<string, string>, now: () => number) {
  const lent = [...learnt].map(([value, name], n) => [`${name} ${n + 1}`, value] as const);
  const secrets = { ...Object.fromEntries(lent), ...config.secrets };
  return {
    agents: createAgents(config.agents, now),
    permissions: createPermissions({ config: config.permission, now }),
    redact: createRedactor(secrets),
    findSecret: createSecretSearch(secrets),
  };
}

function agentNamed(agents: ReadonlyMap<string, Agent>, pool: string): Agent {
  const agent = agents.get(pool);
  if (agent) return agent;
  throw new Refusal(`unknown agent: ${pool}`, `There are: ${[...agents.keys()].join(", ")}.`);
}
