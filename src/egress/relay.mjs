/**
 * The relay: within a run, it listens on the run's own loopback and passes bytes on to the proxy's socket, no more. It
 * holds nothing and decides nothing. It runs on whatever Node an image has, from 18 on, so it is plain JavaScript
 * without dependencies, and is copied to where the run sees it.
 *
 *   node relay.mjs <folder of the socket> <port> <pid to end with>
 *
 * It says "ready" on stdout and closes it once it listens and the proxy has answered; without that, it says why on
 * stderr and ends with code 1. Signals meant for the agent's group do not end it: an agent that is asked to end may
 * have a last word for its provider.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { get } from "node:http";
import { connect, createServer } from "node:net";

const [folder, port, agent] = process.argv.slice(2);
// By a short name: the path of a socket may have about a hundred characters, and that of the folder be longer.
process.chdir(String(folder));
const SOCKET = "proxy.sock";
const LOOK_MS = 200;

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"]) process.on(signal, () => {});

/** @param {Error} error */
function giveUp(error) {
  process.stderr.write(`agent-dispatch: the relay can not reach its proxy: ${error.message}\n`);
  process.exit(1);
}

const server = createServer({ allowHalfOpen: true }, (client) => {
  const proxy = connect({ path: SOCKET, allowHalfOpen: true });
  client.pipe(proxy).pipe(client);
  const end = () => {
    client.destroy();
    proxy.destroy();
  };
  client.on("error", end).on("close", () => proxy.destroySoon());
  proxy.on("error", end).on("close", () => client.destroySoon());
});

server.on("error", giveUp);
server.listen(Number(port), "127.0.0.1", () => {
  const asked = get({ socketPath: SOCKET, path: "/relay-came", agent: false, timeout: 10_000 }, (answer) => {
    answer.resume();
    if (answer.statusCode !== 204) giveUp(new Error(`it answered ${answer.statusCode}`));
    else begin();
  });
  asked.on("timeout", () => asked.destroy(new Error("it does not answer")));
  asked.on("error", giveUp);
});

function begin() {
  writeSync(1, "ready\n");
  // Whoever reads the agent's output waits for all who may write to it.
  for (const stream of [1, 2]) {
    closeSync(stream);
    openSync("/dev/null", "w");
  }
  setInterval(() => {
    try {
      process.kill(Number(agent), 0);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ESRCH") process.exit(0);
    }
  }, LOOK_MS);
}
