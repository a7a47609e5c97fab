/**
 * The application: every room and adapter put together, from a valid configuration to a running server. The default
 * export is Probot's application function: it hangs our routes on Probot's server and registers no event handlers
 * (ADR 2 says why). A reload changes what is read anew for each command and claim: agents, permissions, caps, limits;
 * forges, address and folders are fixed for the life of the process.
 */
import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import type { ApplicationFunction } from "probot";
import type { Agent } from "./agents/agent.ts";
import { createAgents } from "./agents/registry.ts";
import { parseComment, parseLabel } from "./command/parse.ts";
import type { Config, ForgeConfig } from "./config/config.ts";
import { narrow } from "./config/repository.ts";
import { networkOf, withEarlier } from "./config/secrets.ts";
import { workInbox } from "./dispatch/inbox.ts";
import { createRepositoryConfigs } from "./dispatch/repository-config.ts";
import { createResponder, type ResponderDeps } from "./dispatch/responder.ts";
import type { Forge } from "./forges/forge.ts";
import { createForgejoForge } from "./forges/forgejo/forgejo-forge.ts";
import { createGithubForge } from "./forges/github/github-forge.ts";
import { GithubOctokit } from "./forges/github/octokit.ts";
import { ConfigError, messageOf, Refusal } from "./model/errors.ts";
import { nearest } from "./model/nearest.ts";
import type { RepoRef } from "./model/run.ts";
import { createPermissions } from "./permission/permission.ts";
import { createPrompts } from "./prompt/prompts.ts";
import { createLiveStatus } from "./report/live-status.ts";
import { help } from "./report/messages.ts";
import { createOutbox } from "./report/outbox.ts";
import { createNativeRuntime } from "./runtimes/native/native.ts";
import type { Runtime } from "./runtimes/runtime.ts";
import { openSqliteStore } from "./store/sqlite/sqlite-store.ts";
import type { Store } from "./store/store.ts";
import { createRedactor, createSecretSearch } from "./supervisor/redact.ts";
import { createWebhookDoor } from "./webhook/door.ts";
import { createHealthHandler, hasSpace } from "./webhook/health.ts";
import { createProbot, createServer } from "./webhook/server.ts";
import { createLife } from "./worker/life.ts";
import { createPreview } from "./worker/preview.ts";
import { queueNews } from "./worker/queue-news.ts";
import { createRuntimeChooser } from "./worker/runtimes.ts";
import { statusNow } from "./worker/status-now.ts";
import { createWorker } from "./worker/worker.ts";
import { createWorkspaces } from "./workspace/workspaces.ts";

type Handler = Parameters<Parameters<ApplicationFunction>[1]["addHandler"]>[0];

export interface AppOptions {
  readonly log: Logger;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds between two edits of a status comment; 10 s unless given. */
  readonly statusEveryMs?: number;
}

export interface App {
  readonly store: Store;
  readonly forges: ReadonlyMap<string, Forge>;
  readonly agents: () => ReadonlyMap<string, Agent>;
  readonly runtimes: ReadonlyMap<string, Runtime>;
  /** Rejects with a Refusal when none is ready for this agent. */
  readonly runtimeFor: (agent: Agent) => Promise<Runtime>;
  /** `http://host:port` once started. */
  readonly url: string;
  start(): Promise<void>;
  /** Takes a new configuration for everything that is not fixed at start. */
  reload(config: Config): void;
  /** Takes nothing new, then ends: `wait` for what runs, `stop` it, or `leave` it to be adopted at the next start. */
  stop(options: { readonly agents: "wait" | "leave" | "stop" }): Promise<void>;
}

/** Probot's application function for our routes; see https://probot.github.io/docs/README/. */
export default function application(routes: readonly Handler[]): ApplicationFunction {
  return (_probot, { addHandler }) => {
    for (const route of routes) addHandler(route);
  };
}

const LEASE_MS = 30_000;
const PATIENCE_MS = 1_000;
const STATUS_EVERY_MS = 10_000;
const MAX_BODY_BYTES = 25 * 1024 * 1024;
/** Below it the server says that it is not ready. */
const LEAST_FREE_BYTES = 64 * 1024 * 1024;
const MAX_BODIES_BYTES = 128 * 1024 * 1024;
/** Issues looked after at once by the inbox. */
const INBOX_PARALLEL = 8;

/** Puts the application together and opens its store; nothing listens or works before `start`. */
export async function createApp(initial: Config, options: AppOptions): Promise<App> {
  const { log, now } = options;
  const shared = await openShared(initial, options);
  const { store, forges, runtimes, workspaces } = shared;
  let config = initial;
  let read = readConfig(initial, now);
  const current = () => config;
  const redact = (text: string) => read.redact(text);
  const findSecret = (text: string) => read.findSecret(text);
  const live = createLiveStatus({
    store,
    everyMs: options.statusEveryMs ?? STATUS_EVERY_MS,
    now,
    onError: (error) => log.warn({ reason: messageOf(error) }, "a live status was not recorded"),
  });
  const chooseRuntime = createRuntimeChooser(runtimes, current);
  const repositoryConfigs = createRepositoryConfigs(now);
  const narrowed: ResponderDeps["narrowed"] = async (repo, forge) =>
    narrow(config, await repositoryConfigs(repo, forge));
  const agent = (pool: string) => agentNamed(read.agents, pool);
  const forgeNamed = (name: string) => named(forges, name);
  const worker = createWorker({
    name: `${process.pid}-${randomUUID()}`,
    store,
    config: current,
    forge: forgeNamed,
    agent,
    runtimeFor: chooseRuntime,
    runtimeNamed: (name) => named(runtimes, name),
    workspaces,
    prompts: shared.prompts,
    logFile: (run) => join(initial.dataDir, "logs", `${run.id}.${run.attempt}.log`),
    redact,
    secretValues: () => Object.values(config.secrets),
    live,
    draft: async (run, forge) => (await narrowed(run.repo, forge)).draft,
    leaseMs: LEASE_MS,
    patienceMs: PATIENCE_MS,
    now,
    newId: randomUUID,
    log,
    onQueueMoved: queueNews({ store, config: current, live }),
  });
  const respond = createResponder({
    store,
    config: current,
    agents: () => [...read.agents.keys()],
    nearestAgent: (name) => nearest(name, [...read.agents.keys()], 2),
    checkAgent: async (name) => void (await chooseRuntime(agent(name))),
    checkRequest: (request) => shared.prompts.check(request),
    narrowed,
    preview: createPreview({
      agent,
      workspaces,
      prompts: shared.prompts,
      config: current,
      newId: randomUUID,
    }),
    newId: () => randomUUID().slice(0, 8) + now().toString(36),
    now,
    statusOf: (run) => statusNow(run, { store, config: current, now }),
    help: () =>
      help({
        agents: [...read.agents.keys()],
        defaultAgent: config.defaults.agent,
        templates: shared.prompts.templates(),
      }),
    parseComment: (body) => parseComment(body, { prefix: "/dispatch", agents: [...read.agents.keys()] }),
    parseLabel,
    permit: async (event, forge) =>
      read.permissions.decide({
        forge,
        repo: event.repo,
        actor: event.by,
        self: await forge.self(),
        repositoryUsers: await repositoryUsers(narrowed, event.repo, forge),
      }),
  });
  const outbox = createOutbox({ store, forges, redact, findSecret, now, log });
  const inbox = { store, forges, respond, log, now, parallel: INBOX_PARALLEL };
  const life = createLife({ store, worker, outbox, log, workInbox: (signal) => workInbox(inbox, signal) });
  const door = createWebhookDoor({
    forges: [...forges.values()],
    store,
    now,
    log,
    maxBytes: MAX_BODY_BYTES,
    maxBytesInAll: MAX_BODIES_BYTES,
    bodyMs: 10_000,
  });
  const health = createHealthHandler({
    checks: {
      accepting: life.accepting,
      store: () => store.frozen().then(() => true),
      disk: hasSpace(initial.dataDir, LEAST_FREE_BYTES),
    },
    checkMs: 2000,
  });
  const github = initial.forges.find((forge) => forge.kind === "github") ?? null;
  const server = await createServer(
    { host: initial.host, port: initial.port, log, github, Octokit: GithubOctokit },
    application([door, health]),
  );
  return {
    store,
    forges,
    runtimes,
    runtimeFor: chooseRuntime,
    agents: () => read.agents,
    get url() {
      return `http://${server.host}:${server.port}`;
    },
    async start() {
      await server.start();
      life.begin();
    },
    reload(next) {
      // What is fixed for the life of the process stays as it was at start.
      const { dataDir, workspaceRoot, host, port, forges: kept } = initial;
      // A secret that was replaced is still one: the forges go on with theirs until the next start.
      const secrets = withEarlier(next.secrets, config.secrets);
      config = { ...next, secrets, dataDir, workspaceRoot, host, port, forges: kept };
      read = readConfig(config, now);
    },
    async stop({ agents }) {
      await server.stop();
      await life.end(agents);
      live.close();
      await workspaces.idle();
      await store.close();
    },
  };
}

/** The repository's own list of people; a file that is wrong says so when a run is asked for, and narrows nobody. */
async function repositoryUsers(narrowed: ResponderDeps["narrowed"], repo: RepoRef, forge: Forge) {
  try {
    return (await narrowed(repo, forge)).users;
  } catch (error) {
    if (error instanceof ConfigError) return null;
    throw error;
  }
}

/** What is made once and kept for the life of the process. */
async function openShared(config: Config, { log, now }: AppOptions) {
  const { dataDir } = config;
  for (const dir of ["logs", "native"]) await mkdir(join(dataDir, dir), { recursive: true, mode: 0o700 });
  const store = await openSqliteStore({ file: join(dataDir, "dispatch.sqlite"), now, newId: randomUUID });
  const native = createNativeRuntime({
    now,
    records: join(dataDir, "native"),
    warn: (message) => log.warn(message),
  });
  const workspaces = createWorkspaces({
    root: config.workspaceRoot,
    mirrors: join(dataDir, "mirrors"),
    author: config.git,
    now,
    path: config.baseEnv.PATH ?? "",
    spares: config.spares,
    network: networkOf(config),
    warn: (message) => log.warn(message),
  });
  const shipped = join(import.meta.dirname, "..", "templates");
  return {
    store,
    workspaces,
    forges: new Map(config.forges.map((forge) => [forge.name, createForge(forge, log, now)])),
    runtimes: new Map<string, Runtime>([[native.name, native]]),
    prompts: createPrompts({ dirs: config.templateDir === null ? [shipped] : [config.templateDir, shipped] }),
  };
}

function createForge(config: ForgeConfig, log: Logger, now: () => number): Forge {
  if (config.kind === "forgejo") return createForgejoForge({ config, now });
  const probot = createProbot(config, GithubOctokit, log);
  return createGithubForge({ config, auth: (installationId) => probot.auth(installationId), now });
}

/** What follows from the configuration alone, made anew at each reload. */
function readConfig(config: Config, now: () => number) {
  return {
    agents: createAgents(config.agents, now),
    permissions: createPermissions({ config: config.permission, now }),
    redact: createRedactor(config.secrets),
    findSecret: createSecretSearch(config.secrets),
  };
}

function agentNamed(agents: ReadonlyMap<string, Agent>, pool: string): Agent {
  const agent = agents.get(pool);
  if (agent) return agent;
  throw new Refusal(`unknown agent: ${pool}`, `There are: ${[...agents.keys()].join(", ")}.`);
}

function named<T>(all: ReadonlyMap<string, T>, name: string): T {
  const one = all.get(name);
  if (one !== undefined) return one;
  throw new Refusal(`${name} is not configured any more`, `Configure it again, or cancel the run.`);
}
