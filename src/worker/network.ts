/**
 * What of the network a run gets. With `allowlist` the runtime gives it none, and a proxy of ours stands outside with
 * the key of its provider; with `none` there is nothing at all; with `open` it is left as it is.
 */
import type { Agent, Endpoint, Provider, ProviderKey } from "../agents/agent.ts";
import type { Config, NetworkChoice } from "../config/config.ts";
import type { Way } from "../egress/egress.ts";
import { patternOf } from "../egress/policy.ts";
import { proxyVariables, whyNotStarted, withoutProxies, wrapArgv } from "../egress/wrap.ts";
import { messageOf } from "../model/errors.ts";
import type { BlockedHost, Exit, Outcome } from "../model/outcome.ts";
import type { Run } from "../model/run.ts";
import type { Runtime, RuntimeProbe, StartSpec } from "../runtimes/runtime.ts";
import type { WorkDeps } from "./deps.ts";
import { isConfined } from "./runtimes.ts";

/** What was set counts, whether the runtime can hold it or not: to refuse that is whose choice of runtime it is. */
export function networkFor(
  agent: Pick<Agent, "name">,
  provider: Provider | null,
  config: Pick<Config, "agents" | "defaults">,
  lacks: RuntimeProbe["lacks"],
): NetworkChoice {
  const set = config.agents[agent.name]?.network ?? config.defaults.network;
  return set ?? (provider !== null && lacks.network === undefined ? "allowlist" : "open");
}

export interface RunNetwork extends Pick<StartSpec, "network" | "visible"> {
  /** What the agent uses in place of its provider. */
  readonly endpoint: Endpoint | null;
  /** The server's plain environment, as far as it holds there. */
  readonly base: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  /** Whether a secret of the server's may be given to the run: not the one that is held for it. */
  mayHave(variable: string): boolean;
  argv(argv: StartSpec["argv"]): StartSpec["argv"];
}

/** Only minutes: a proxy whose run was lost sight of has nobody to serve. */
const MARGIN_MS = 5 * 60_000;

export async function openNetwork(
  run: Run,
  { agent, runtime }: { readonly agent: Agent; readonly runtime: Runtime },
  deps: WorkDeps,
): Promise<RunNetwork> {
  const config = deps.config();
  const provider = agent.provider(run.model);
  const { lacks } = await runtime.probe(isConfined(agent.name, config));
  const choice = networkFor(agent, provider, config, lacks);
  const closed = { network: "none", base: withoutProxies(config.baseEnv) } as const;
  if (choice === "none") return { ...OPEN, ...closed };
  if (choice === "open") return { ...OPEN, base: config.baseEnv };
  const { totalMs, graceMs } = config.limits;
  const key = keyOf(provider, config);
  const isHeld = provider?.baseUrl != null && (key !== null || provider.keys.length === 0);
  const allow = [...config.defaults.allow, ...(config.agents[agent.name]?.allow ?? [])];
  const way = await deps.egress.open({
    ...keyOfRun(run),
    // Where the key is held, there is no other way to the provider: one could send there what one likes, with a key of
    // one's own.
    allow: isHeld || provider === null ? allow : [...allow, ...hostsOf(provider)],
    provider: isHeld && provider.baseUrl !== null ? { baseUrl: provider.baseUrl, key } : null,
    lifeMs: (run.request.timeoutMs ?? totalMs) + graceMs + MARGIN_MS,
  });
  const held = isHeld ? (key?.value ?? null) : null;
  // An image has a Node of its own; on the host ours will do, whatever is on PATH there.
  const node = runtime.name === "native" ? process.execPath : "node";
  return {
    ...closed,
    visible: node === "node" ? [way.folder] : [way.folder, node],
    endpoint: endpointOf(way, key),
    env: proxyVariables(),
    mayHave: (variable) => held === null || config.secrets[variable] !== held,
    argv: (argv) => wrapArgv(way.folder, node, argv),
  };
}

const OPEN: Omit<RunNetwork, "base"> = {
  network: "open",
  visible: [],
  endpoint: null,
  env: {},
  mayHave: () => true,
  argv: (argv) => argv,
};

function keyOf(
  provider: Provider | null,
  { secrets }: Config,
): (ProviderKey & { readonly value: string }) | null {
  for (const key of provider?.keys ?? []) {
    const value = secrets[key.variable];
    if (value !== undefined) return { ...key, value };
  }
  return null;
}

/** The admin may have set up a provider in their own network: that very place is meant then. */
function hostsOf({ baseUrl, hosts }: Provider): readonly string[] {
  return baseUrl === null ? hosts : [...hosts, patternOf(baseUrl)];
}

function endpointOf({ endpoint }: Way, key: ProviderKey | null): Endpoint | null {
  return endpoint && { ...endpoint, variable: key?.variable ?? null };
}

function keyOfRun({ id, attempt }: Pick<Run, "id" | "attempt">) {
  return { runId: id, attempt };
}

/** Nothing goes out for the run any more; what was refused is still to be read. What can not be ended holds up nothing. */
export async function closeNetwork(
  run: Run,
  { egress, log }: Pick<WorkDeps, "egress" | "log">,
): Promise<void> {
  await egress
    .end(keyOfRun(run))
    .catch((error) => log.warn({ run: run.id, reason: messageOf(error) }, "a run's proxy was not ended"));
}

/** When all was said of the run. */
export async function forgetNetwork(
  run: Run,
  { egress, log }: Pick<WorkDeps, "egress" | "log">,
): Promise<void> {
  await egress
    .remove(keyOfRun(run))
    .catch((error) => log.warn({ run: run.id, reason: messageOf(error) }, "a run's proxy was not removed"));
}

/** Null when the run's network is not watched. */
export function blockedHosts(run: Run, { egress }: Pick<WorkDeps, "egress">): readonly BlockedHost[] | null {
  return egress.told(keyOfRun(run))?.blocked ?? null;
}

const FIXES = {
  program: (agent: Agent) => `Install it there: ${agent.program.install}.`,
  node: (agent: Agent) =>
    `Use an image with Node 18 or newer in it, or set agents.${agent.name}.network to open or none.`,
  relay: (agent: Agent) =>
    `The log says why. Where the container engine is on another machine or in a virtual one, it can not be: set agents.${agent.name}.network to open or none there.`,
} as const;

/** Why the agent never came to work, if the way to the network was to blame; null when it was not. */
export function notStarted(run: Run, exit: Exit, deps: Pick<WorkDeps, "egress" | "agent">): Outcome | null {
  const told = deps.egress.told(keyOfRun(run));
  if (told === null || told.relayCame) return null;
  const agent = deps.agent(run.pool);
  const found = whyNotStarted(exit.code, agent.program.name);
  return found && { kind: "failed", reason: "start", why: found.why, fix: FIXES[found.fix](agent) };
}
