/**
 * What the command line can ask of the program. `main.ts` provides the functions; this folder reads arguments, prints
 * help and results, and turns errors into exit codes. A function throws a Refusal, ConfigError or ForgeError for what
 * a person can mend; any other error is reported as ours.
 */
import type { Role } from "../config/config.ts";
import type { ForgeProbe } from "../forges/forge.ts";
import type { Diagnosis, Finding } from "../model/finding.ts";
import type { Run } from "../model/run.ts";
import type { RuntimeProbe } from "../runtimes/runtime.ts";
import type { PoolState } from "../store/store.ts";

/** Options that every command has. */
export interface CommonOptions {
  /** The path of agents.yaml; null: AGENT_DISPATCH_CONFIG, or agents.yaml in the working folder. */
  readonly config: string | null;
}

export interface StartOptions extends CommonOptions {
  /** Null: as the environment says. */
  readonly role: Role | null;
}

interface DemoOptions {
  /** Keep the demo's folder and server for looking around. */
  readonly keep: boolean;
  readonly port: number | null;
}

interface StatusOptions extends CommonOptions {
  /** Ended runs too, newest first. */
  readonly all: boolean;
}

interface AddHookOptions extends CommonOptions {
  /** The forge's name in the configuration. */
  readonly forge: string;
  readonly owner: string;
  /** Null: the whole organisation. */
  readonly repository: string | null;
  /** The server's address as the forge sees it; null: `dispatch.public_url`. */
  readonly url: string | null;
}

interface LogsOptions extends CommonOptions {
  /** A run's id, or the beginning of it. */
  readonly run: string;
  /** Go on until the run has ended. */
  readonly follow: boolean;
}

/** What is set up and whether it works. */
export interface Readiness {
  readonly config: {
    readonly file: string | null;
    readonly dataDir: string;
    /** Which database. */
    readonly store: string;
    readonly listen: string;
  };
  readonly forges: readonly { readonly name: string; readonly kind: string; readonly probe: ForgeProbe }[];
  readonly runtimes: readonly { readonly name: string; readonly probe: RuntimeProbe }[];
  readonly agents: readonly AgentReadiness[];
}

interface AgentReadiness {
  readonly name: string;
  readonly enabled: boolean;
  /** The runtime it will run in; null when none is ready for it. */
  readonly runtime: string | null;
  readonly ready: boolean;
  /** Its version when ready; else why not. */
  readonly detail: string;
  readonly fix: string | null;
  /** What an admin should know of it though it is ready. */
  readonly warning: string | null;
}

interface DoctorOptions extends CommonOptions {
  /** Only this runtime; null: everything. */
  readonly runtime: string | null;
  /** Ask each agent's provider for an answer. */
  readonly login: boolean;
}

interface DoctorProgress {
  trying(what: string): void;
  found(finding: Finding): void;
}

interface ImageOptions extends CommonOptions {
  /** Null: the first of docker and podman that answers. */
  readonly engine: "docker" | "podman" | null;
  /** Null: what `dispatch.image` is unless it is set. */
  readonly tag: string | null;
  readonly pull: boolean;
}

interface BuiltImage {
  readonly tag: string;
  readonly engine: string;
  /** `dispatch.image` is this one. */
  readonly inUse: boolean;
}

export interface Status {
  readonly frozen: boolean;
  /** Names of the workers that live; null where one process is all there is. */
  readonly workers: readonly string[] | null;
  readonly runs: readonly Run[];
  readonly pools: readonly PoolState[];
  /** Answers not yet on their forge. */
  readonly pendingEffects: number;
}

export interface Backup {
  readonly file: string;
  readonly bytes: number;
  readonly runs: number;
}

/** What stands in PostgreSQL now. */
export interface Migration {
  readonly runs: number;
  readonly deliveries: number;
  readonly effects: number;
  /** Where the SQLite file was set aside. */
  readonly aside: string;
}

interface AddedHook {
  /** Where the forge will send deliveries. */
  readonly url: string;
  /** False when it was there already and was left as it is. */
  readonly created: boolean;
}

export interface Commands {
  readonly version: string;
  /** Serves until told to stop; resolves after the drain. */
  start(options: StartOptions): Promise<void>;
  /** Tells its story line by line; true when everything in it was checked and right. */
  demo(options: DemoOptions, say: (line: string) => void): Promise<boolean>;
  check(options: CommonOptions): Promise<Readiness>;
  doctor(options: DoctorOptions, progress: DoctorProgress): Promise<Diagnosis>;
  /** The engine's own progress goes to stderr. */
  buildImage(options: ImageOptions): Promise<BuiltImage>;
  /** Serves Probot's set-up page on localhost until the App is made or it is stopped. */
  setupGithub(
    options: { readonly port: number | null; readonly url: string | null },
    say: (line: string) => void,
  ): Promise<void>;
  addHook(options: AddHookOptions): Promise<AddedHook>;
  status(options: StatusOptions): Promise<Status>;
  /** Copies the SQLite database to a new file. */
  backup(options: CommonOptions & { readonly file: string }, say: (line: string) => void): Promise<Backup>;
  migrateStore(options: CommonOptions, say: (line: string) => void): Promise<Migration>;
  freeze(options: CommonOptions): Promise<void>;
  thaw(options: CommonOptions): Promise<void>;
  /** False when the pool was not paused. */
  resumePool(options: CommonOptions & { readonly pool: string }): Promise<boolean>;
  /** The run's readable log, in chunks as they come. */
  logs(options: LogsOptions): AsyncIterable<string>;
}
