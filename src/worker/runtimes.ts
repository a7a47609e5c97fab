/**
 * Which runtime an agent gets. What was asked for by name is used or refused, never replaced; `auto` is the first
 * ready one of apple, docker and podman, and never the host: that must be asked for by name.
 */
import type { Agent } from "../agents/agent.ts";
import type { Config, RuntimeChoice } from "../config/config.ts";
import { Refusal } from "../model/errors.ts";
import type { Runtime } from "../runtimes/runtime.ts";

const AUTO = ["apple", "docker", "podman"] as const;

export type RuntimeChooser = (agent: Agent) => Promise<Runtime>;

export function createRuntimeChooser(
  runtimes: ReadonlyMap<string, Runtime>,
  config: () => Config,
): RuntimeChooser {
  return async (agent) => {
    const choice = choiceFor(agent, config());
    for (const name of choice === "auto" ? AUTO : [choice]) {
      const runtime = runtimes.get(name);
      const probe = await runtime?.probe(isConfined(agent.name, config()));
      if (runtime && probe?.ready) return runtime;
      if (choice !== "auto") throw refusal(agent, name, probe?.reason ?? "this version has no such runtime");
    }
    throw refusal(agent, "auto", noneOf(runtimes));
  };
}

/** Whether an agent that runs on the host is to be confined there. */
export function isConfined(pool: string, { agents, defaults }: Pick<Config, "agents" | "defaults">): boolean {
  return agents[pool]?.confined ?? defaults.confined;
}

/** The agent's own setting, else its nature: those built to run on a host do, the others go where `dispatch` says. */
function choiceFor(agent: Agent, config: Config): RuntimeChoice {
  const set = config.agents[agent.name]?.runtime;
  return set ?? (agent.home === "native" ? "native" : config.defaults.runtime);
}

function noneOf(runtimes: ReadonlyMap<string, Runtime>): string {
  const known = AUTO.filter((name) => runtimes.has(name));
  return known.length > 0 ? `none of ${known.join(", ")} works` : "this version has no container runtime";
}

function refusal(agent: Agent, name: string, why: string): Refusal {
  const own = `agents.${agent.name}`;
  const fix =
    name === "native"
      ? `Set ${own}.confined: false to run it with all rights of the server's user.`
      : `Set ${own}.runtime: native to run it on the bot's host, confined by bubblewrap.`;
  return new Refusal(`choosing a runtime for ${agent.name}: ${name} is not ready: ${why}`, fix);
}
