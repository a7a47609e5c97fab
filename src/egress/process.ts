/**
 * The proxy of one run as a process of its own, so that it outlives a restart of the bot as its agent does. It works in
 * the run's egress folder. What it may do, the real key with it, comes on stdin and is kept in memory only. It says
 * "ready" on stdout once it listens; words about trouble go to stderr, a file.
 *
 * It ends when told to over the control socket, which nobody but the bot's user reaches, when its time is up, and when
 * its folder is gone. Nothing of it is left then but its journal.
 */
import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { text } from "node:stream/consumers";
import { CONTROL_FILE, END, SHARED } from "./folder.ts";
import { createJournal, JOURNAL } from "./journal.ts";
import type { Policy } from "./policy.ts";
import { createProxy } from "./proxy.ts";
import { SOCKET_FILE } from "./wrap.ts";

const LOOK_MS = 5_000;
/** Node fires a longer one at once. */
const LONGEST_TIMER = 2 ** 31 - 1;
const SOCKET = `${SHARED}/${SOCKET_FILE}`;

/** By short names: a socket's path may have about a hundred characters, and that of the folder be longer. */
async function main(): Promise<void> {
  process.umask(0o077);
  for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => {});
  const policy = JSON.parse(await text(process.stdin)) as Policy;
  const journal = createJournal(JOURNAL);
  const end = (): void => {
    journal.end();
    for (const file of [SOCKET, CONTROL_FILE]) rmSync(file, { force: true });
    process.exit(0);
  };
  process.on("SIGTERM", end);
  const proxy = createProxy(policy, journal);
  const control = createServer((client) => {
    client.on("error", () => {});
    client.once("data", (data) => {
      if (data.toString() !== END) return void client.destroy();
      client.end(END, end);
    });
  });
  await listen(proxy, SOCKET);
  // An agent in a container has another user's number; which folder it stands in says who gets here.
  chmodSync(SOCKET, 0o666);
  await listen(control, CONTROL_FILE);
  chmodSync(CONTROL_FILE, 0o600);
  setTimeout(end, Math.min(policy.lifeMs, LONGEST_TIMER));
  setInterval(() => {
    try {
      chmodSync(CONTROL_FILE, 0o600);
    } catch {
      process.exit(0);
    }
  }, LOOK_MS);
  process.stdout.end("ready\n");
}

async function listen(server: Server, path: string): Promise<void> {
  rmSync(path, { force: true });
  await new Promise<void>((settle, reject) => server.once("error", reject).listen(path, settle));
  server.on("error", (error) => process.stderr.write(`${error.message}\n`));
}

/** A run must not fill the disk by what it makes go wrong here. */
let wordsLeft = 100;
process.on("uncaughtException", (error) => {
  if (wordsLeft-- > 0) process.stderr.write(`${error.stack}\n`);
});
await main();
