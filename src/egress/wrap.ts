/**
 * How an agent without a network comes to have one address that it can reach: the relay, a small Node program that
 * listens on the run's own loopback and passes bytes on to the proxy's socket. A shell starts it, waits until it
 * listens, and then becomes the agent (`exec`), so that exit code, signals and stdin are the agent's own.
 *
 * The shell ends with a code of its own where it can not go on. These are codes that an agent may end with, too, so
 * they count only while the relay never came through.
 */
import { delimiter, isAbsolute } from "node:path";

/** Nothing else listens in a run's network before the relay does; below the ports that a system hands out by itself. */
export const RELAY_PORT = 17_171;
/** Where a run finds its model's provider. */
export const ENDPOINT_PATH = "/provider";
export const ENDPOINT_URL = `http://127.0.0.1:${RELAY_PORT}${ENDPOINT_PATH}`;
/** What the relay asks the proxy once, to see that it is there. */
export const RELAY_CAME = "/relay-came";
export const RELAY_FILE = "relay.mjs";
export const SOCKET_FILE = "proxy.sock";

const NO_PROGRAM = 127;
const NO_NODE = 126;
const NO_RELAY = 125;

/**
 * $1 is the folder with relay and socket, $2 the Node that is to run the relay. The relay is told which process to end with: this one, which is the agent's
 * after the exec. `NODE_OPTIONS` are the agent's. Without the braces a failing relay's words would come late.
 */
const SCRIPT = `say() { printf 'agent-dispatch: %s\\n' "$1" >&2; }
folder=$1 node=$2
shift 2
command -v -- "$1" >/dev/null 2>&1 || { say "there is no program $1 here"; exit ${NO_PROGRAM}; }
command -v -- "$node" >/dev/null 2>&1 || { say "there is no node here, which the way to the network needs"; exit ${NO_NODE}; }
ready=$(NODE_OPTIONS= "$node" --v8-pool-size=1 "$folder/${RELAY_FILE}" "$folder" ${RELAY_PORT} "$$" </dev/null &)
[ "$ready" = ready ] || { say 'the relay, the way to the network, did not start'; exit ${NO_RELAY}; }
exec "$@"`;

/** `node` is a name, where the run is in an image with one, or the path of one that it sees. */
export function wrapArgv(folder: string, node: string, argv: readonly string[]): [string, ...string[]] {
  return ["/bin/sh", "-c", SCRIPT, "agent-dispatch", folder, node, ...argv];
}

/** Why the agent was never started, by the shell's exit code; null when that says nothing of the kind. */
export function whyNotStarted(
  code: number | null,
  program: string,
): { readonly why: string; readonly fix: "program" | "node" | "relay" } | null {
  if (code === NO_PROGRAM)
    return { why: `there is no program ${program} where it was to run`, fix: "program" };
  if (code === NO_NODE)
    return { why: "there is no node where it was to run, which the way to the network needs", fix: "node" };
  if (code === NO_RELAY) return { why: "the relay, its way to the network, did not start", fix: "relay" };
  return null;
}

/** What a run's environment says of the network when the relay is all there is of it. */
export function proxyVariables(): Readonly<Record<string, string>> {
  const address = `http://127.0.0.1:${RELAY_PORT}`;
  const local = "localhost,127.0.0.1";
  return {
    ...{ HTTP_PROXY: address, HTTPS_PROXY: address, ALL_PROXY: address, NO_PROXY: local },
    ...{ http_proxy: address, https_proxy: address, all_proxy: address, no_proxy: local },
    // Node's own programs heed the variables only when told to.
    NODE_USE_ENV_PROXY: "1",
  };
}

const PROXY = /^(HTTPS?|ALL|NO)_PROXY$/i;

/**
 * The server's plain environment without its own proxies, which a run cut off from the network can not reach (and
 * whose password is none of its business), and without what of PATH is no absolute folder: the shell would look for
 * the agent in the checkout.
 */
export function withoutProxies(base: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const kept = Object.entries(base).filter(([name]) => !PROXY.test(name));
  const { PATH, ...rest } = Object.fromEntries(kept);
  if (PATH === undefined) return rest;
  return { ...rest, PATH: PATH.split(delimiter).filter(isAbsolute).join(delimiter) };
}
