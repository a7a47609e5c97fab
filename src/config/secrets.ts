/** What of the server's environment is secret, and what of the rest agents may see. Everything else stays here. */
import type { AgentConfig, Config } from "./config.ts";
import type { Environment } from "./environment.ts";

/** Names that secrets usually have. */
export const SECRET_NAME = /(_KEY|_TOKEN|_SECRET|_PASSWORD)$/i;

const PASSED_ON = /^(PATH|HOME|LANG|LC_[A-Z]+|TZ|https?_proxy|no_proxy|SSL_CERT_FILE|NODE_EXTRA_CA_CERTS)$/i;

/** Every variable that is named like a secret, that an agent is given by name, or that a forge or the store was set up with. */
export function secretsOf(
  environment: Environment,
  credentials: Readonly<Record<string, string>>,
  agents: Readonly<Record<string, AgentConfig>>,
): Readonly<Record<string, string>> {
  const given = new Set(Object.values(agents).flatMap((agent) => agent.secretEnv));
  const found = pick(environment, (name) => SECRET_NAME.test(name) || given.has(name));
  // codex reads its key under this name alone; most people have it under the other.
  const { OPENAI_API_KEY: key } = found;
  return { ...(key === undefined ? {} : { CODEX_API_KEY: key }), ...found, ...credentials };
}

/** HOME is among them for where logins are; every run gets a home of its own over it. */
export function baseEnvOf(environment: Environment): Readonly<Record<string, string>> {
  return pick(environment, (name) => PASSED_ON.test(name));
}

const ENGINES =
  /^(PATH|HOME|TMPDIR|(HTTPS?|NO)_PROXY|DOCKER_(HOST|CONTEXT|CONFIG|CERT_PATH|TLS_VERIFY)|CONTAINER_HOST|CONTAINERS_(CONF|STORAGE_CONF|REGISTRIES_CONF)|REGISTRY_AUTH_FILE|XDG_(RUNTIME_DIR|CONFIG_HOME|DATA_HOME)|DBUS_SESSION_BUS_ADDRESS)$/i;

/** What docker and podman go by. Agents get none of it. */
export function engineEnvOf(environment: Environment): Readonly<Record<string, string>> {
  return pick(environment, (name) => ENGINES.test(name));
}

function pick(environment: Environment, wanted: (name: string) => boolean): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of environment.names().filter(wanted)) picked[name] = environment.get(name)!;
  return picked;
}

/** Values of earlier secrets under names of their own, so that they are found and taken out as before. */
export function withEarlier(next: Config["secrets"], earlier: Config["secrets"]): Config["secrets"] {
  const gone = Object.entries(earlier).filter(([name, value]) => next[name] !== value);
  return { ...Object.fromEntries(gone.map(([name, value]) => [`${name}_EARLIER`, value])), ...next };
}

const NETWORK = /^(HTTPS?_PROXY|ALL_PROXY|NO_PROXY|SSL_CERT_(FILE|DIR))$/i;

/** What of the environment git needs to reach a forge. */
export function networkOf({ baseEnv }: Config): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(baseEnv).filter(([name]) => NETWORK.test(name)));
}
