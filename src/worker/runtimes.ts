/**
 * Which runtime an agent gets. What was asked for by name is used or refused, never replaced; `auto` is the first
 * ready one of apple, docker and podman that can hold the agent to all that is demanded, and never the host: that must
 * be asked for by name.
 */
import type { Agent } from "../agents/agent.ts";
import type { Config, RuntimeChoice } from "../config/config.ts";
import { Refusal } from "../model/errors.ts";
import type { Runtime } from "../runtimes/runtime.ts";
import { demandsOf, unmet } from "./demands.ts";

const AUTO = ["apple", "docker", "podman"] as const;

export type RuntimeChooser = (agent: Agent) => Promise<Runtime>;

export function createRuntimeChooser(
  runtimes: ReadonlyMap<string, Runtime>,
  config: () => Config,
): RuntimeChooser {
  return async (agent) => {
    const choice = choiceFor(agent, config());
    if (choice !== "auto") return await named(choice, agent, runtimes, config());
    const reasons: string[] = [];
    for (const name of AUTO.filter((one) => runtimes.has(one))) {
      try {
        return await named(name, agent, runtimes, config());
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        reasons.push(error.message.slice(prefix(agent).length));
      }
    }
    throw refusal(agent, `no container runtime will do: ${reasons.join("; ") || "this version has none"}`);
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

async function named(
  name: string,
  agent: Agent,
  runtimes: ReadonlyMap<string, Runtime>,
  config: Config,
): Promise<Runtime> {
  const runtime = runtimes.get(name);
  if (!runtime) throw refusal(agent, `${name} is not ready: this version has no such runtime`);
  const probe = await runtime.probe(isConfined(agent.name, config));
  if (!probe.ready) throw refusal(agent, `${name} is not ready: ${probe.reason}`, name);
  const lacking = unmet(demandsOf(agent, config), probe);
  if (lacking === null) return runtime;
  const { property, setting, why } = lacking;
  throw new Refusal(
    `${prefix(agent)}${name} can not hold it to ${setting} (${property}): ${why}`,
    `Choose another runtime for ${agent.name}, or take ${setting} out of agents.yaml.`,
  );
}

const prefix = ({ name }: Agent) => `choosing a runtime for ${name}: `;

function refusal(agent: Agent, why: string, runtime: string | null = null): Refusal {
  const own = `agents.${agent.name}`;
  const fix =
    runtime === "native"
      ? `Set ${own}.confined: false to run it with all rights of the server's user.`
      : `Install docker or podman on the bot's machine, or set ${own}.runtime: native to run it on the host itself, confined by bubblewrap.`;
  return new Refusal(`${prefix(agent)}${why}`, fix);
}
