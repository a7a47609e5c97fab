/** What is set up and whether it works: for `check`, and for the log at start. */
import type { Logger } from "pino";
import { probeAgent } from "../agents/probe.ts";
import type { Readiness } from "../cli/commands.ts";
import type { Config } from "../config/config.ts";
import { Refusal } from "../model/errors.ts";
import { splitAgent } from "../model/run.ts";
import { isConfined } from "../worker/runtimes.ts";
import type { App } from "./app.ts";

const UNCONFINED =
  "not confined: it has all rights of the server's user; take out `confined: false` to have bubblewrap confine it";

/** `file` is the configuration file's path, null when there is none. */
export async function readiness(config: Config, app: App, file: string | null): Promise<Readiness> {
  const agents = [...app.agents().values()].map(async (agent) => {
    const runtime = await app.runtimeFor(agent).catch((error: unknown) => error as Error);
    if (runtime instanceof Error) {
      const fix = runtime instanceof Refusal ? runtime.fix : null;
      const detail = runtime.message;
      return { name: agent.name, enabled: true, runtime: null, ready: false, detail, fix, warning: null };
    }
    if (runtime.name !== "native") return { ...inImage(agent.name, config), runtime: runtime.name };
    const probe = await probeAgent(agent, config.baseEnv);
    const detail = probe.ready ? (probe.version ?? "version unknown") : `${agent.program.name} was not found`;
    return {
      name: agent.name,
      enabled: true,
      runtime: runtime.name,
      ready: probe.ready,
      detail,
      fix: probe.fix,
      warning: isConfined(agent.name, config) ? null : UNCONFINED,
    };
  });
  const runtimes = [...app.runtimes.values()].map(async (runtime) => ({
    name: runtime.name,
    probe: await runtime.probe(config.defaults.confined),
  }));
  const forges = [...app.forges.values()].map(async (forge) => ({
    name: forge.name,
    kind: forge.kind,
    probe: await forge.probe(),
  }));
  return {
    config: {
      file,
      dataDir: config.dataDir,
      store: config.databaseUrl === null ? "SQLite" : "PostgreSQL",
      listen: `${config.host}:${config.port}`,
    },
    forges: await Promise.all(forges),
    runtimes: await Promise.all(runtimes),
    agents: await Promise.all(agents),
  };
}

/** What is in an image, this host does not tell: `doctor` starts one and looks. */
function inImage(name: string, { agents, defaults }: Config) {
  const detail = `as in ${agents[name]?.image ?? defaults.image}`;
  return { name, enabled: true, ready: true, detail, fix: null, warning: null };
}

/** A line for each forge, runtime and agent that matters, and where it listens. */
export function logReadiness(log: Logger, ready: Readiness, app: App, { role, defaults }: Config): void {
  const { forges, runtimes, agents } = ready;
  // What is wrong with one that is not ready is told by `health/`, and told again when it works.
  for (const { name, probe } of forges.filter((forge) => forge.probe.ready)) {
    const hooks = role === "worker" ? "" : `; webhooks at ${app.url}/api/webhooks/${name}`;
    log.info(`forge ${name}: ${probe.summary}${hooks}`);
  }
  if (role !== "web") logAgents(log, { runtimes, agents }, splitAgent(defaults.agent).pool);
  log.info(`listening on ${app.url}${role === "all" ? "" : ` as ${role}`}`);
}

function logAgents(
  log: Logger,
  { runtimes, agents }: Pick<Readiness, "runtimes" | "agents">,
  defaultAgent: string,
): void {
  for (const { name, probe } of runtimes)
    log.info(`runtime ${name}: ${probe.ready ? "ready" : probe.reason}`);
  for (const { name, ready, runtime, detail, fix, warning } of agents) {
    if (ready) log.info(`agent ${name}: ${detail}, in ${runtime}`);
    if (ready && warning) log.warn(`agent ${name}: ${warning}`);
    if (ready) continue;
    if (name === defaultAgent) log.warn(`agent ${name}: ${detail}${fix ? `; ${fix}` : ""}`);
  }
  // Nobody sets every agent up: those are no news. `check` says what each lacks.
  const others = agents.filter(({ name, ready }) => !ready && name !== defaultAgent).map(({ name }) => name);
  if (others.length > 0) log.info(`agents not ready: ${others.join(", ")} (agent-dispatch check says why)`);
}
