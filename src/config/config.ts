/**
 * The valid configuration: made by `config/load.ts` from the environment and agents.yaml, frozen, never half right.
 * Nothing outside this folder and main.ts reads the environment. Durations are milliseconds, sizes bytes.
 */
import type { Caps } from "../store/store.ts";

export type RuntimeChoice = "auto" | "native" | "docker" | "podman" | "apple";

/** `allowlist`: only named hosts, through a proxy of the bot's that also holds the provider's key. */
export type NetworkChoice = "open" | "allowlist" | "none";

export interface GithubForgeConfig {
  readonly kind: "github";
  readonly name: string;
  /** Null for github.com; else a GHES API base URL. */
  readonly baseUrl: string | null;
  readonly auth:
    | { readonly as: "app"; readonly appId: number; readonly privateKey: string }
    | { readonly as: "token"; readonly token: string };
  readonly webhookSecret: string;
  /** smee.io channel for a laptop behind NAT. */
  readonly webhookProxy: string | null;
}

export interface ForgejoForgeConfig {
  readonly kind: "forgejo";
  readonly name: string;
  /** The instance's web URL, without a trailing slash. */
  readonly url: string;
  readonly token: string;
  readonly webhookSecret: string;
  readonly webhookProxy: string | null;
}

export type ForgeConfig = GithubForgeConfig | ForgejoForgeConfig;

/** Who may dispatch, besides being able to write to the repository. Empty lists do not narrow. */
export interface PermissionConfig {
  readonly users: readonly string[];
  /** `org/team`. */
  readonly teams: readonly string[];
  /** Logins of bots that may command; all others are refused. */
  readonly bots: readonly string[];
  /** `owner/name` or `owner/*`; empty means every repository the forge sends. */
  readonly repositories: readonly string[];
  /** Logins trusted on Forgejo where the bot's token may not ask for permissions. */
  readonly trustedWriters: readonly string[];
  /** What a prompt holds of comments of people who may not write. */
  readonly strangersComments: "leave_out" | "frame";
}

/** How a custom agent is told to have succeeded. */
export type CustomSuccess =
  | { readonly by: "exit" }
  /** The last line that matches wins; the first group, if any, is the last message. */
  | { readonly by: "line"; readonly pattern: string };

export interface CustomAgentConfig {
  /** `{prompt_file}`, `{model}`, `{checkout}` are filled in. */
  readonly argv: readonly [string, ...string[]];
  readonly prompt: "stdin" | "file";
  readonly success: CustomSuccess;
  readonly mode: "work" | "review";
  readonly install: string | null;
}

export interface AgentConfig {
  readonly name: string;
  /** Null: the agent's own default. */
  readonly runtime: RuntimeChoice | null;
  /** Null: `defaults.image`. */
  readonly image: string | null;
  /** Null: `defaults.network`. */
  readonly network: NetworkChoice | null;
  /** Hosts reached besides its provider's and `defaults.allow`: `host`, `*.host` or either with `:port`. */
  readonly allow: readonly string[];
  /** Null: `defaults.confined`. */
  readonly confined: boolean | null;
  readonly enabled: boolean;
  /** Replaces the program's name, e.g. with an absolute path. */
  readonly program: string | null;
  /** `login`: the login of the server's user is lent to the run, in place of a key. */
  readonly home: "run" | "login";
  /** Plain settings passed to the agent. */
  readonly env: Readonly<Record<string, string>>;
  /** More names of variables passed on from the server's environment. */
  readonly secretEnv: readonly string[];
  readonly defaultModel: string | null;
  readonly custom: CustomAgentConfig | null;
}

export interface LimitConfig {
  readonly totalMs: number;
  readonly idleMs: number;
  /** Between TERM and KILL. */
  readonly graceMs: number;
  /** Readable log kept per run; the middle is dropped beyond it. */
  readonly logBytes: number;
  /** The agent is stopped when its raw output grows beyond it. */
  readonly outputBytes: number;
  readonly memoryBytes: number | null;
  readonly cpus: number | null;
  readonly pids: number | null;
  /** What a run's folders may take up on the disk. */
  readonly diskBytes: number | null;
}

/** What the bot's commits are signed with. */
export type SigningKey =
  | { readonly format: "ssh"; readonly file: string }
  /** `gnupgHome`: the folder of the keyring. */
  | { readonly format: "openpgp"; readonly fingerprint: string; readonly gnupgHome: string };

export interface GitConfig {
  readonly name: string;
  readonly email: string;
  readonly signing: SigningKey | null;
}

/** `all` on one machine; `web` takes webhooks and answers, `worker` runs agents. */
export type Role = "all" | "web" | "worker";

/** What may stay, in milliseconds since it was last of use and in bytes together; null is no limit. */
export interface Keep {
  readonly ageMs: number | null;
  readonly bytes: number | null;
}

export interface HousekeepingConfig {
  readonly everyMs: number;
  readonly workspaces: Keep;
  readonly mirrors: Keep;
  readonly logs: Keep;
  /** Settled deliveries and confirmed effects; their size is not counted. */
  readonly deliveriesMs: number | null;
}

export interface Config {
  readonly role: Role;
  /** The address of PostgreSQL, with its password; null for SQLite in `dataDir`. */
  readonly databaseUrl: string | null;
  /** How long a worker may be silent before its runs count as lost; milliseconds. */
  readonly leaseMs: number;
  /** What becomes of a run whose worker was lost: begun anew elsewhere, or ended as failed. */
  readonly lost: "restart" | "fail";
  /** How often forges are asked for what was not delivered; null: only at start. Milliseconds. */
  readonly catchUpMs: number | null;
  readonly housekeeping: HousekeepingConfig;
  readonly dataDir: string;
  readonly workspaceRoot: string;
  readonly host: string;
  readonly port: number;
  /** Where people and forges reach the bot, for webhooks; null when not told. */
  readonly publicUrl: string | null;
  readonly logLevel: string;
  readonly forges: readonly ForgeConfig[];
  readonly agents: Readonly<Record<string, AgentConfig>>;
  readonly defaults: {
    readonly agent: string;
    readonly template: string;
    readonly runtime: RuntimeChoice;
    readonly image: string;
    readonly gpu: boolean;
    /** Who agents are inside containers where the bot is root; else they are the bot's own user. */
    readonly user: { readonly uid: number; readonly gid: number };
    /** Null: `allowlist` for an agent whose provider is known, where the runtime can hold it to that; else `open`. */
    readonly network: NetworkChoice | null;
    readonly allow: readonly string[];
    /** Whether agents on the host are confined by bubblewrap; true and not possible is a refusal. */
    readonly confined: boolean;
    readonly draft: boolean;
  };
  /** Folders of the admin's own templates, personas and plans, searched before the shipped ones. */
  readonly templateDir: string | null;
  /** Keep a spare checkout per repository, so that runs start sooner; costs its disk space once more. */
  readonly spares: boolean;
  /** What becomes of running agents when the server stops: left alive for the next start, or waited for. */
  readonly drain: "leave" | "wait";
  readonly git: GitConfig;
  readonly permission: PermissionConfig;
  readonly caps: Caps;
  readonly rates: { readonly failures: number; readonly windowMs: number; readonly pauseMs: number };
  readonly limits: LimitConfig;
  /** Names → values of everything secret in the server's environment, for redaction and for `secretEnv`. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Of the server's environment what says how its container engines are reached; for their own programs alone. */
  readonly engineEnv: Readonly<Record<string, string>>;
  /** The rest of the server's environment that agents may need: PATH, LANG, proxies. */
  readonly baseEnv: Readonly<Record<string, string>>;
}

/** A repository's own `.github/dispatch.yml` or `.forgejo/dispatch.yml`; it can only narrow. */
export interface RepositoryConfig {
  /** Agents allowed here; null: all configured. */
  readonly agents: readonly string[] | null;
  readonly defaultAgent: string | null;
  readonly template: string | null;
  readonly users: readonly string[] | null;
  readonly totalMs: number | null;
  readonly draft: boolean | null;
  readonly enabled: boolean;
}
