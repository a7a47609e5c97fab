/** What the configuration demands of the runtime an agent gets: a runtime that lacks one of these is not used for it. */
import type { Config } from "../config/config.ts";
import type { Property, RuntimeProbe } from "../runtimes/runtime.ts";

export interface Demand {
  readonly property: Property;
  /** Where the admin wrote it. */
  readonly setting: string;
}

/** Only what somebody asked for: a limit that is not set, or a network that nobody chose, is no demand. */
export function demandsOf(agent: { readonly name: string }, config: Config): readonly Demand[] {
  const { limits, defaults } = config;
  const own = config.agents[agent.name]?.network ?? null;
  const network = own ?? defaults.network;
  const demands: Demand[] = [];
  if (limits.memoryBytes !== null) demands.push({ property: "memory", setting: "dispatch.memory" });
  if (limits.cpus !== null) demands.push({ property: "cpus", setting: "dispatch.cpus" });
  if (limits.pids !== null) demands.push({ property: "pids", setting: "dispatch.pids" });
  if (network === "none" || network === "allowlist") {
    demands.push({
      property: "network",
      setting: own === null ? "dispatch.network" : `agents.${agent.name}.network`,
    });
  }
  return demands;
}

/** The first demand that a runtime can not meet, with why; null when it meets all. */
export function unmet(
  demands: readonly Demand[],
  { lacks }: RuntimeProbe,
): (Demand & { readonly why: string }) | null {
  for (const demand of demands) {
    const why = lacks[demand.property];
    if (why !== undefined) return { ...demand, why };
  }
  return null;
}
