/** Caps on runs, and that every agent named in agents.yaml is one that can be asked for. */
import type { Caps } from "../store/store.ts";
import type { AgentConfig } from "./config.ts";
import type { Path } from "./document.ts";
import type { Problems } from "./problems.ts";
import type { Settings } from "./schema.ts";
import { unknownWord } from "./unknown-word.ts";

export function capsOf(concurrency: Settings["concurrency"]): Caps {
  const pools: Record<string, number> = {};
  const models: Record<string, number> = {};
  for (const [pool, cap] of Object.entries(concurrency.pools)) {
    const { total, models: byModel } = typeof cap === "number" ? { total: cap, models: {} } : cap;
    if (total !== undefined) pools[pool] = total;
    for (const [model, most] of Object.entries(byModel)) models[`${pool}:${model}`] = most;
  }
  return {
    total: concurrency.total,
    perRepository: concurrency.per_repository ?? null,
    perPool: concurrency.per_pool ?? null,
    pools,
    models,
  };
}

/** The default agent and the pools must be agents, and the default one must be on. */
export function checkReferences(
  settings: Settings,
  agents: Readonly<Record<string, AgentConfig>>,
  problems: Problems,
): void {
  const names = Object.keys(agents);
  const refuse = (path: Path, name: string, part: "key" | "value"): void =>
    problems[part](path, unknownWord(name, names), names.join(", "));
  const name = settings.dispatch.agent.split(":")[0] ?? "";
  const agent = agents[name];
  if (!agent) refuse(["dispatch", "agent"], name, "value");
  else if (!agent.enabled) {
    const on = names.filter((one) => agents[one]?.enabled);
    problems.value(["dispatch", "agent"], `${name} is switched off under agents`, on.join(", "));
  }
  for (const pool of Object.keys(settings.concurrency.pools)) {
    if (!agents[pool]) refuse(["concurrency", "pools", pool], pool, "key");
  }
}
