/**
 * Environment and agents.yaml → one valid, frozen Config, or a ConfigError with every problem found. A section with
 * problems is left out of the later checks, so that one mistake is told once. Watching for changes is `watch.ts`'s.
 */
import { statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { messageOf } from "../model/errors.ts";
import { readAgents } from "./agents.ts";
import type { Config } from "./config.ts";
import { readDatabase, readRole } from "./database.ts";
import { readDocument, type YamlDocument } from "./document.ts";
import { type Environment, type RawEnvironment, readEnvironment, readIfThere } from "./environment.ts";
import { validate } from "./explain.ts";
import { readForges } from "./forges.ts";
import { freeze } from "./freeze.ts";
import { housekeepingOf } from "./housekeeping.ts";
import { fillBlankMaps, isRecord, jsonSchema } from "./json-schema.ts";
import { capsOf, checkReferences } from "./pools.ts";
import { Problems } from "./problems.ts";
import { type Settings, settingsSchema } from "./schema.ts";
import { baseEnvOf, engineEnvOf, secretsOf } from "./secrets.ts";
import { readServer } from "./server.ts";
import { readSigningKey } from "./signing.ts";
import { durationMs, sizeBytes } from "./units.ts";

const LARGEST_FILE = 1024 ** 2;

export interface LoadOptions {
  readonly env: RawEnvironment;
  /** The path of agents.yaml; null for AGENT_DISPATCH_CONFIG, or else `agents.yaml` in `cwd` if there is one. */
  readonly file: string | null;
  /** The file's text, when the caller has it already. */
  readonly fileText?: string;
  /** Where `.env` is looked for and relative paths of variables start. */
  readonly cwd: string;
}

/** Throws a ConfigError with all problems. */
export function loadConfig(options: LoadOptions): Config {
  const environment = readEnvironment(options.env, options.cwd);
  const document = readFile(options, environment);
  const problems = new Problems(document, environment.place);
  problems.add(document.problems);
  const { settings, broken } = readSettings(document, problems);
  const config = assemble(settings, broken, { document, environment, problems, cwd: options.cwd });
  problems.throwIfAny();
  return freeze(config);
}

/** The path agents.yaml is read from, there or not. */
export function configPath(options: LoadOptions): string {
  const named = options.file ?? readEnvironment(options.env, options.cwd).get("AGENT_DISPATCH_CONFIG");
  return resolve(options.cwd, named ?? "agents.yaml");
}

function readFile(options: LoadOptions, environment: Environment): YamlDocument {
  const file = configPath(options);
  const mustExist = options.file !== null || environment.get("AGENT_DISPATCH_CONFIG") !== undefined;
  const missing = (message: string): YamlDocument => ({
    file,
    value: undefined,
    problems: [{ file, line: null, column: null, key: "(file)", message, allowed: "a readable YAML file" }],
    place: () => ({ line: null, column: null }),
  });
  try {
    const text = options.fileText ?? readIfThere(file);
    if (text === null)
      return mustExist ? missing("does not exist") : { ...missing(""), value: {}, problems: [] };
    return readDocument(text, file, LARGEST_FILE);
  } catch (error) {
    return missing(`cannot be read: ${messageOf(error)}`);
  }
}

type Section = keyof Settings;
const SECTIONS = Object.keys(settingsSchema.shape) as Section[];

/** Settings of the sections that are right; the wrong ones are reported and have their defaults. */
function readSettings(document: YamlDocument, problems: Problems) {
  const raw = document.value;
  const before = problems.found.length;
  const settings = raw === undefined ? undefined : validate(settingsSchema, raw, problems);
  if (settings) return { settings, broken: new Set<Section>() };
  const nothing = settingsSchema.parse({});
  if (!isRecord(raw)) return { settings: nothing, broken: new Set(SECTIONS) };
  const wrong = problems.found.slice(before).map(({ key }) => key.split(".")[0]);
  const broken = new Set(SECTIONS.filter((name) => wrong.includes(name)));
  const right = SECTIONS.filter((name) => !broken.has(name) && name in raw);
  const rest = fillBlankMaps(
    Object.fromEntries(right.map((name) => [name, raw[name]])),
    jsonSchema(settingsSchema),
  );
  return { settings: settingsSchema.safeParse(rest).data ?? nothing, broken };
}

interface Surroundings {
  readonly document: YamlDocument;
  readonly environment: Environment;
  readonly problems: Problems;
  readonly cwd: string;
}

function assemble(settings: Settings, broken: ReadonlySet<Section>, around: Surroundings): Config {
  const { environment, problems, cwd } = around;
  const server = readServer(environment, cwd, problems);
  const database = readDatabase(environment, problems);
  const { dispatch, permission } = settings;
  const { forges, credentials: ofForges } = broken.has("forges")
    ? { forges: [], credentials: {} }
    : readForges(settings.forges, environment, cwd, problems);
  const credentials = { ...ofForges, ...database.secrets };
  const surroundings = {
    runtime: server.runtime,
    credentials,
    environment,
  };
  const agents = readAgents(settings.agents, surroundings, problems);
  if (!broken.has("agents")) checkReferences(settings, agents, problems);
  const fromFile = (path: string): string => resolve(dirname(around.document.file), path);
  const signing = readSigningKey(settings.git.signing_key, fromFile, environment, problems);
  return {
    role: readRole(environment, problems),
    databaseUrl: database.url,
    leaseMs: durationMs(dispatch.lease),
    lost: dispatch.lost,
    catchUpMs: dispatch.catch_up === "never" ? null : durationMs(dispatch.catch_up),
    housekeeping: housekeepingOf(settings.housekeeping),
    dataDir: server.dataDir,
    workspaceRoot: dispatch.workspace_root
      ? fromFile(dispatch.workspace_root)
      : join(server.dataDir, "workspace"),
    host: server.host,
    port: server.port,
    publicUrl: dispatch.public_url?.replace(/\/+$/, "") ?? null,
    logLevel: server.logLevel,
    forges,
    agents,
    defaults: {
      agent: dispatch.agent,
      template: dispatch.template,
      runtime: server.runtime ?? dispatch.runtime,
      image: server.image ?? dispatch.image,
      gpu: dispatch.gpu,
      user: userOf(dispatch.user),
      network: dispatch.network ?? null,
      allow: dispatch.allow,
      confined: dispatch.confined,
      draft: dispatch.draft,
    },
    templateDir: dispatch.templates ? folder(fromFile(dispatch.templates), problems) : null,
    spares: dispatch.spares,
    drain: dispatch.drain,
    git: { name: settings.git.name, email: settings.git.email, signing: signing.key },
    permission: {
      users: permission.users,
      teams: permission.teams,
      bots: permission.bots,
      repositories: permission.repositories,
      trustedWriters: permission.trusted_writers,
      strangersComments: permission.strangers_comments,
    },
    caps: capsOf(settings.concurrency),
    rates: ratesOf(settings.rates),
    limits: limitsOf(dispatch),
    secrets: { ...secretsOf(environment, credentials, agents), ...signing.secrets },
    engineEnv: engineEnvOf(environment),
    baseEnv: baseEnvOf(environment),
  };
}

function folder(path: string, problems: Problems): string {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    problems.value(["dispatch", "templates"], `${path} is no folder`, "the path of a folder that exists");
  }
  return path;
}

function userOf(written: string): Config["defaults"]["user"] {
  const [uid, gid] = written.split(":").map(Number);
  return { uid: uid!, gid: gid! };
}

function ratesOf({ failures, window, pause }: Settings["rates"]): Config["rates"] {
  return { failures, windowMs: durationMs(window), pauseMs: durationMs(pause) };
}

function limitsOf(dispatch: Settings["dispatch"]): Config["limits"] {
  return {
    totalMs: durationMs(dispatch.timeout),
    idleMs: durationMs(dispatch.idle_timeout),
    graceMs: durationMs(dispatch.grace),
    logBytes: sizeBytes(dispatch.log_limit),
    outputBytes: sizeBytes(dispatch.output_limit),
    memoryBytes: dispatch.memory === undefined ? null : sizeBytes(dispatch.memory),
    cpus: dispatch.cpus ?? null,
    pids: dispatch.pids ?? null,
    diskBytes: dispatch.disk === undefined ? null : sizeBytes(dispatch.disk),
  };
}
