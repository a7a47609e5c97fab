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

/** `tokens` are secrets of runs, by names of their own; another object when there are others. */
export function createSettings(
  initial: Config,
  now: () => number,
  tokens: () => Config["secrets"] = () => NO_TOKENS,
): Settings {
  let config = initial;
  let derived = derive(initial, now);
  /** Values → names, the oldest first; another map when there are others. */
  let learnt: ReadonlyMap<string, string> = new Map();
  let search = searchFor(initial, tokens(), learnt);
  const current = () => {
    if (search.config !== config || search.tokens !== tokens() || search.learnt !== learnt)
      search = searchFor(config, tokens(), learnt);
    return search;
  };
  return {
    config: () => config,
    agents: () => derived.agents,
    agent: (pool) => agentNamed(derived.agents, pool),
    permissions: () => derived.permissions,
    redact: (text) => current().redact(text),
    findSecret: (text) => current().findSecret(text),
    secretValues: () => current().values,
    learnSecrets(name, values) {
      if (values.every((value) => learnt.has(value))) return;
      const known = [...learnt].filter(([value]) => !values.includes(value));
      const all = [...known, ...values.map((value) => [value, name] as const)];
      learnt = new Map(all.slice(-MOST_LEARNT));
    },
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

function searchFor(config: Config, tokens: Config["secrets"], learnt: ReadonlyMap<string, string>) {
  const lent = [...learnt].map(([value, name], n) => [`${name} ${n + 1}`, value] as const);
  const secrets = { ...Object.fromEntries(lent), ...tokens, ...config.secrets };
  return {
    ...{ config, tokens, learnt },
    values: Object.values(secrets),
    redact: createRedactor(secrets),
    findSecret: createSecretSearch(secrets),
  };
}

function agentNamed(agents: ReadonlyMap<string, Agent>, pool: string): Agent {
  const agent = agents.get(pool);
  if (agent) return agent;
  throw new Refusal(`unknown agent: ${pool}`, `There are: ${[...agents.keys()].join(", ")}.`);
}
