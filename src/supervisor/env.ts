/**
 * The whole environment of an agent, built from nothing: what is not named here does not get in. A run holds the
 * keys its agent asks for and the admin adds, and never a credential of a forge, under any name.
 */
import type { LaunchSpec } from "../agents/agent.ts";
import { Refusal } from "../model/errors.ts";

export interface EnvironmentOptions {
  /** PATH, language, proxies: no secrets. */
  readonly base: Readonly<Record<string, string>>;
  readonly spec: Pick<LaunchSpec, "env" | "secretEnv">;
  /** Every secret of the server by its variable's name. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Names the admin adds to the agent's own. */
  readonly extraSecretNames: readonly string[];
  /** As the agent sees it; so is `tmp`. */
  readonly home: string;
  readonly git: { readonly name: string; readonly email: string };
  readonly runId: string;
  readonly attempt: number;
  readonly tmp: string;
}

const BASE =
  /^(PATH|LANG|LANGUAGE|LC_[A-Z]+|TZ|SHELL|USER|LOGNAME|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|(HTTPS?|ALL|NO)_PROXY|(https?|all|no)_proxy)$/;

/** What names places of the host: an image has its own. */
const OF_THE_HOST = /^(PATH|SHELL|USER|LOGNAME|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS)$/;

/** The part of the server's environment that means the same inside a container. */
export function ofAnyMachine(base: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return pick(base, (name) => !OF_THE_HOST.test(name));
}

/** Names under which forges' credentials are known to every tool: no setting passes them on. */
const FORGE_CREDENTIAL =
  /^(GITHUB|GH|GHES|FORGEJO|GITEA|CODEBERG|GITLAB)_.*|^(WEBHOOK_SECRET|PRIVATE_KEY|PRIVATE_KEY_PATH|DATABASE_URL)$/;

/** A value shorter than this is no credential but a word, and may well be in another value. */
const SHORTEST_SECRET = 8;

/** Refuses when a setting would hand a secret on that this agent is not to have. */
export function runEnvironment(options: EnvironmentOptions): Readonly<Record<string, string>> {
  const { base, spec, git } = options;
  const granted = [...new Set([...spec.secretEnv, ...options.extraSecretNames])];
  for (const name of granted) {
    if (FORGE_CREDENTIAL.test(name)) {
      throw new Refusal(
        `starting the agent: ${name} belongs to a forge and is never given to an agent`,
        unlist(name),
      );
    }
  }
  const env: Record<string, string> = {
    ...pick(base, (name) => BASE.test(name)),
    TERM: "dumb",
    NO_COLOR: "1",
    CI: "true",
    GIT_AUTHOR_NAME: git.name,
    GIT_AUTHOR_EMAIL: git.email,
    GIT_COMMITTER_NAME: git.name,
    GIT_COMMITTER_EMAIL: git.email,
    // git asks nobody: a prompt would hang until the idle limit.
    GIT_TERMINAL_PROMPT: "0",
    ...spec.env,
    ...pick(options.secrets, (name) => granted.includes(name)),
    HOME: options.home,
    TMPDIR: options.tmp,
    AGENT_DISPATCH_RUN: `${options.runId}.${options.attempt}`,
  };
  refuseStrangers(env, options, granted);
  return env;
}

/** A secret may also come in under another name, as a setting's value: looked for by value. */
function refuseStrangers(
  env: Readonly<Record<string, string>>,
  { base, secrets }: EnvironmentOptions,
  granted: readonly string[],
): void {
  const allowed = new Set(granted.map((name) => secrets[name]));
  for (const [secret, value] of Object.entries(secrets)) {
    if (value.length < SHORTEST_SECRET || allowed.has(value)) continue;
    // A proxy's address with its password counts as a secret and is meant to get in, under its own name.
    const own = base[secret] === value ? secret : null;
    const holder = Object.keys(env).find((name) => name !== own && env[name]?.includes(value));
    if (holder === undefined) continue;
    throw new Refusal(`starting the agent: its ${holder} would hold the value of ${secret}`, unlist(holder));
  }
}

function unlist(name: string): string {
  return `take ${name} out of the agent's env and secretEnv in agents.yaml`;
}

function pick(
  from: Readonly<Record<string, string>>,
  wanted: (name: string) => boolean,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => wanted(name)));
}
