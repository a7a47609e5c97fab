#!/usr/bin/env node
/**
 * The program: what stands behind each command of the command line. Together with `index.ts`, and the parts of both in
 * `compose/`, the only place that knows every adapter.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import pino from "pino";
import type { Commands, CommonOptions, Readiness, StartOptions } from "./cli/commands.ts";
import { readableLog } from "./cli/readable-log.ts";
import { runCli } from "./cli/run.ts";
import { storeIsUp } from "./compose/open-store.ts";
import { type Place, takePlace } from "./compose/place.ts";
import { logReadiness, readiness } from "./compose/readiness.ts";
import { endWith, stopInTime } from "./compose/stopping.ts";
import { storeCommands } from "./compose/store-commands.ts";
import type { Config, Role } from "./config/config.ts";
import { keepCredentials } from "./config/keep-credentials.ts";
import { configPath, loadConfig } from "./config/load.ts";
import { watchConfig } from "./config/watch.ts";
import { addHook } from "./forges/forgejo/add-hook.ts";
import { type App, createApp } from "./index.ts";
import { ConfigError, messageOf, Refusal } from "./model/errors.ts";

const now = () => Date.now();
const root = join(import.meta.dirname, "..");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };

/** The configuration file, when there is one: the environment alone is enough. */
function fileOf(options: CommonOptions): string | null {
  const file = configPath(source(options));
  return existsSync(file) ? file : null;
}

/** A role of the command line wins over the environment's. */
const source = ({ config, role }: CommonOptions & { readonly role?: Role | null }) => ({
  env: role ? { ...process.env, ROLE: role } : process.env,
  file: config,
  cwd: process.cwd(),
});

const load = (options: Parameters<typeof source>[0]) => loadConfig(source(options));

/** JSON lines for machines, readable ones on a terminal, with what is secret taken out by its key as well as by value. */
function logger(level: string): pino.Logger {
  const paths = ["*.token", "*.password", "*.privateKey", "*.headers.authorization"];
  const options = { level, redact: { paths, censor: "[secret]" } };
  return process.stdout.isTTY ? pino(options, readableLog(process.stdout, process.env)) : pino(options);
}

async function start(options: StartOptions): Promise<void> {
  const config = load(options);
  const log = logger(config.logLevel);
  const told = toldToStop(log);
  const place = await takePlace(config);
  try {
    if (await storeIsUp(config, { log, signal: told })) await serve(options, place, log, told);
  } finally {
    place.release();
  }
}

/** Until told to stop, and the drain is over. What breaks before leaves nothing open either. */
async function serve(
  options: StartOptions,
  place: Place,
  log: pino.Logger,
  told: AbortSignal,
): Promise<void> {
  const { config, worker } = place;
  const app = await createApp(config, { log, now, worker });
  try {
    await serveUntilTold(app, { options, place, log, told });
  } catch (error) {
    await stopInTime(app, { agents: "leave" });
    if (told.aborted) return;
    throw error;
  }
  if (await stopInTime(app, { agents: config.drain })) {
    log.info("stopped");
    return;
  }
  log.warn("stopped without waiting for what does not answer; all that counts is on disk");
  process.exit(0);
}

interface Service {
  readonly options: StartOptions;
  readonly place: Place;
  readonly log: pino.Logger;
  readonly told: AbortSignal;
}

async function serveUntilTold(app: App, { options, place, log, told }: Service): Promise<void> {
  const { config, worker } = place;
  if (config.role !== "web") await app.store.fleet?.claimName(worker, told);
  await app.start();
  logReadiness(log, await readiness(config, app, fileOf(options)), app, config);
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
  if (!told.aborted) await new Promise((resolve) => told.addEventListener("abort", resolve));
  stopping.abort();
  proxies.close();
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

/** Aborts at the first signal, which drains; a second one leaves at once: everything is on disk. */
function toldToStop(log: pino.Logger): AbortSignal {
  const told = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (told.signal.aborted) process.exit(1);
      log.info({ signal }, "stopping; once more leaves at once");
      told.abort();
    });
  }
  return told.signal;
}

async function check(options: CommonOptions): Promise<Readiness> {
  const config = load(options);
  const app = await createApp(config, { log: logger("silent"), now, upgrade: false });
  try {
    return await readiness(config, app, fileOf(options));
  } finally {
    await app.stop({ agents: "leave" });
  }
}

/** An image may be built before anything is set up: then it is nobody's. */
function imageInUse(options: CommonOptions): string | null {
  try {
    return load(options).defaults.image;
  } catch (error) {
    if (error instanceof ConfigError) return null;
    throw error;
  }
}

const doctoring: Commands["doctor"] = async (options, progress) => {
  const { doctor } = await import("./compose/doctor.ts");
  const surroundings = { cwd: process.cwd(), pid: process.pid, uid: process.getuid?.() ?? null };
  const log = logger("silent");
  const signal = toldToStop(log);
  return await doctor(load(options), options, progress, { log, now, surroundings, signal });
};

const commands: Commands = {
  version,
  start,
  async demo(options, say) {
    const { runDemo } = await import("./demo/story.ts");
    return await runDemo(options, say, { createApp, now, path: process.env.PATH ?? "" });
  },
  check,
  doctor: doctoring,
  async buildImage(options) {
    const { buildImage } = await import("./compose/agent-image.ts");
    return await buildImage(options, { env: process.env, root, inUse: imageInUse(options) });
  },
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
    const config = load(options);
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
  ...storeCommands({ load, now }),
};

if (import.meta.main) {
  // `agent-dispatch logs … | head`: whoever reads has had enough.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  const io = { out: process.stdout, err: process.stderr, env: process.env, now };
  await endWith(await runCli(process.argv.slice(2), io, commands));
}
