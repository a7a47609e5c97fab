#!/usr/bin/env node
/**
 * The program: what stands behind each command of the command line. Together with `index.ts` the only place that
 * knows every adapter.
 */
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import pino from "pino";
import { probeAgent } from "./agents/probe.ts";
import type { Commands, CommonOptions, Readiness } from "./cli/commands.ts";
import { readableLog } from "./cli/readable-log.ts";
import { runCli } from "./cli/run.ts";
import type { Config } from "./config/config.ts";
import { keepCredentials } from "./config/keep-credentials.ts";
import { configPath, loadConfig } from "./config/load.ts";
import { watchConfig } from "./config/watch.ts";
import { addHook } from "./forges/forgejo/add-hook.ts";
import { type App, createApp } from "./index.ts";
import { messageOf, Refusal } from "./model/errors.ts";
import { splitAgent } from "./model/run.ts";
import { openSqliteStore } from "./store/sqlite/sqlite-store.ts";
import type { Store } from "./store/store.ts";
import { followLog } from "./supervisor/read-log.ts";

const now = () => Date.now();
const root = join(import.meta.dirname, "..");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };

/** The configuration file, when there is one: the environment alone is enough. */
function fileOf(options: CommonOptions): string | null {
  const file = configPath(source(options));
  return existsSync(file) ? file : null;
}

const source = ({ config }: CommonOptions) => ({ env: process.env, file: config, cwd: process.cwd() });

/** JSON lines for machines, readable ones on a terminal, with what is secret taken out by its key as well as by value. */
function logger(level: string): pino.Logger {
  const paths = ["*.token", "*.password", "*.privateKey", "*.headers.authorization"];
  const options = { level, redact: { paths, censor: "[secret]" } };
  return process.stdout.isTTY ? pino(options, readableLog(process.stdout, process.env)) : pino(options);
}

async function start(options: CommonOptions): Promise<void> {
  const config = loadConfig(source(options));
  const log = logger(config.logLevel);
  const app = await createApp(config, { log, now });
  await app.start();
  report(log, await readiness(config, app, fileOf(options)), app, config.defaults.agent);
  const stopping = new AbortController();
  const proxies = await proxiesOf(config.forges, app.url, log);
  const watch = watchConfig({
    ...source(options),
    signal: stopping.signal,
    onChange: (next) => {
      app.reload(next);
      log.info("configuration read again; forges, address and folders change at the next start");
    },
    onError: (error) => log.error(`the configuration stays as it was: ${messageOf(error)}`),
  });
  process.on("SIGHUP", () => watch.reload());
  await toldToStop(log);
  stopping.abort();
  proxies.close();
  await app.stop({ agents: config.drain });
  log.info("stopped");
}

/** Loaded only where a channel is configured: an idle server should be small. */
async function proxiesOf(
  forges: Config["forges"],
  url: string,
  log: pino.Logger,
): Promise<{ close(): void }> {
  if (forges.every((forge) => forge.webhookProxy === null)) return { close: () => {} };
  const { connectProxies } = await import("./webhook/proxy.ts");
  return await connectProxies(forges, url, log);
}

/** The first signal drains; a second one leaves at once: everything is on disk. */
function toldToStop(log: pino.Logger): Promise<void> {
  return new Promise((resolve) => {
    let told = false;
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.on(signal, () => {
        if (told) process.exit(1);
        told = true;
        log.info({ signal }, "stopping; once more leaves at once");
        resolve();
      });
    }
  });
}

function report(log: pino.Logger, { forges, runtimes, agents }: Readiness, app: App, asked: string): void {
  const defaultAgent = splitAgent(asked).pool;
  for (const { name, probe } of forges) {
    if (probe.ready) log.info(`forge ${name}: ${probe.summary}; webhooks at ${app.url}/api/webhooks/${name}`);
    else
      log.error(
        `forge ${name}: ${probe.summary}${probe.fix && !probe.summary.includes(probe.fix) ? `; ${probe.fix}` : ""}`,
      );
  }
  for (const { name, probe } of runtimes)
    log.info(`runtime ${name}: ${probe.ready ? "ready" : probe.reason}`);
  for (const { name, ready, runtime, detail, fix } of agents) {
    if (ready) log.info(`agent ${name}: ${detail}, in ${runtime}`);
    else if (name === defaultAgent) log.warn(`agent ${name}: ${detail}${fix ? `; ${fix}` : ""}`);
  }
  // Nobody sets every agent up: those are no news. `check` says what each lacks.
  const others = agents.filter(({ name, ready }) => !ready && name !== defaultAgent).map(({ name }) => name);
  if (others.length > 0) log.info(`agents not ready: ${others.join(", ")} (agent-dispatch check says why)`);
  log.info(`listening on ${app.url}`);
}

async function readiness(config: Config, app: App, file: string | null): Promise<Readiness> {
  const agents = [...app.agents().values()].map(async (agent) => {
    const probe = await probeAgent(agent, config.baseEnv);
    const runtime = await app.runtimeFor(agent).catch((error: unknown) => error as Error);
    if (runtime instanceof Error) {
      const fix = runtime instanceof Refusal ? runtime.fix : null;
      return { name: agent.name, enabled: true, runtime: null, ready: false, detail: runtime.message, fix };
    }
    const detail = probe.ready ? (probe.version ?? "version unknown") : `${agent.program.name} was not found`;
    return {
      name: agent.name,
      enabled: true,
      runtime: runtime.name,
      ready: probe.ready,
      detail,
      fix: probe.fix,
    };
  });
  const runtimes = [...app.runtimes.values()].map(async (runtime) => ({
    name: runtime.name,
    probe: await runtime.probe(),
  }));
  const forges = [...app.forges.values()].map(async (forge) => ({
    name: forge.name,
    kind: forge.kind,
    probe: await forge.probe(),
  }));
  return {
    config: { file, dataDir: config.dataDir, listen: `${config.host}:${config.port}` },
    forges: await Promise.all(forges),
    runtimes: await Promise.all(runtimes),
    agents: await Promise.all(agents),
  };
}

async function check(options: CommonOptions): Promise<Readiness> {
  const config = loadConfig(source(options));
  const app = await createApp(config, { log: logger("silent"), now });
  try {
    return await readiness(config, app, fileOf(options));
  } finally {
    await app.stop({ agents: "leave" });
  }
}

/** Opens the server's store beside it: SQLite lets a second process read and write. */
async function withStore<T>(
  options: CommonOptions,
  use: (store: Store, config: Config) => Promise<T>,
): Promise<T> {
  const config = loadConfig(source(options));
  const store = await openSqliteStore({
    file: join(config.dataDir, "dispatch.sqlite"),
    now,
    newId: randomUUID,
  });
  try {
    return await use(store, config);
  } finally {
    await store.close();
  }
}

const commands: Commands = {
  version,
  start,
  async demo(options, say) {
    const { runDemo } = await import("./demo/story.ts");
    return await runDemo(options, say, { createApp, now, path: process.env.PATH ?? "" });
  },
  check,
  async setupGithub({ port, url }, say) {
    const file = join(process.cwd(), ".env");
    const target = url === null ? null : `${url.replace(/\/+$/, "")}/api/github/webhooks`;
    // Probot reads app.yml in the working folder.
    process.chdir(root);
    const { serveSetup } = await import("./webhook/setup.ts");
    await serveSetup({
      port: port ?? 3000,
      target,
      setEnvironment: (name, value) => {
        process.env[name] = value;
      },
      log: logger("warn"),
      keep: (found) => keepCredentials(file, found),
      say,
    });
    say(
      `The App's credentials are in ${file}. Install the App on your repositories, then: agent-dispatch start`,
    );
  },
  async addHook({ forge: name, owner, repository, url, ...options }) {
    const config = loadConfig(source(options));
    const forge = config.forges.find((one) => one.name === name);
    if (!forge)
      throw new Refusal(
        `no forge named ${name}`,
        `There are: ${config.forges.map((one) => one.name).join(", ")}.`,
      );
    if (forge.kind === "github")
      throw new Refusal("GitHub Apps need no webhook per repository", "Install the App on the repository.");
    const base = url ?? config.publicUrl;
    if (base === null)
      throw new Refusal("the server's address is not known", "Give --url, or set dispatch.public_url.");
    const target = `${base.replace(/\/+$/, "")}/api/webhooks/${name}`;
    const { replaced } = await addHook({ config: forge, owner, name: repository, url: target, now });
    return { url: target, created: !replaced };
  },
  status: ({ all, ...options }) =>
    withStore(options, async (store) => ({
      frozen: await store.frozen(),
      runs: await store.runs(
        all
          ? { limit: 200 }
          : { states: ["queued", "preparing", "running", "publishing", "blocked"], limit: 200 },
      ),
      pools: await store.pools(),
      pendingEffects: await store.pendingEffects(),
    })),
  freeze: (options) => withStore(options, (store) => store.setFrozen(true)),
  thaw: (options) => withStore(options, (store) => store.setFrozen(false)),
  resumePool: ({ pool, ...options }) =>
    withStore(options, async (store) => {
      const paused = (await store.pools()).some((one) => one.pool === pool && one.pausedUntil !== null);
      if (paused) await store.pausePool(pool, null);
      return paused;
    }),
  async *logs({ run, follow, ...options }) {
    const config = loadConfig(source(options));
    const store = await openSqliteStore({
      file: join(config.dataDir, "dispatch.sqlite"),
      now,
      newId: randomUUID,
    });
    try {
      yield* followLog({ store, dir: join(config.dataDir, "logs"), run, follow });
    } finally {
      await store.close();
    }
  },
};

if (import.meta.main) {
  // `agent-dispatch logs … | head`: whoever reads has had enough.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  const io = { out: process.stdout, err: process.stderr, env: process.env, now };
  process.exitCode = await runCli(process.argv.slice(2), io, commands);
}
