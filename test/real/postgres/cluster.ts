/**
 * A PostgreSQL of a test's own: a data folder in a temporary place, its own port on 127.0.0.1, fsync on, so that a
 * kill shows what a crash would. Its programs are found by PG_BIN, on PATH or where Debian puts them; as root it runs
 * as the user `postgres`, since PostgreSQL refuses root. It does not share a server: see `server.ts` for that.
 */
import { execFileSync, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
} from "node:fs";
import { rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";

const DEBIAN = "/usr/lib/postgresql";
/** Starting may wait for the recovery of what a kill left. */
const READY_MS = 60_000;
const SETTINGS = `
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
shared_buffers = '32MB'
fsync = on
synchronous_commit = on
log_min_messages = fatal
`;

export interface Cluster {
  /** Of its database `postgres`; the same after a restart. */
  readonly url: string;
  /** SIGKILL of the server and all its children; resolves when they are gone. */
  kill(): Promise<void>;
  /** Starts it again after `kill`, or kills it first; resolves when it takes connections. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

type Account = Pick<SpawnOptions, "uid" | "gid">;

/** Throws an Error that names the fix when PostgreSQL's programs are not there. */
export async function startCluster(): Promise<Cluster> {
  const bin = findPrograms();
  const account = accountToRunAs();
  const dir = mkdtempSync("/tmp/dispatch-postgres-");
  if (account.uid !== undefined) chownSync(dir, account.uid, account.gid ?? account.uid);
  chmodSync(dir, 0o700);
  const data = join(dir, "data");
  const port = await freePort();
  const initialize = ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
  execFileSync(join(bin, "initdb"), initialize, { ...account, cwd: dir, stdio: "pipe" });
  appendFileSync(join(data, "postgresql.conf"), `${SETTINGS}port = ${port}\n`);
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  const start = () => spawn(join(bin, "postgres"), ["-D", data], { ...account, cwd: dir, stdio: "ignore" });

  let server = start();
  // A test that fails on its way must not leave a server behind; this signal takes its children along.
  const leave = () => server.kill("SIGQUIT");
  process.once("exit", leave);
  const kill = async () => {
    const ended = server.exitCode !== null || server.signalCode !== null || once(server, "exit");
    const children = server.pid === undefined ? [] : childrenOf(server.pid);
    // The server first: it would take a dead child for a crash and start anew.
    server.kill("SIGKILL");
    for (const pid of children) killOne(pid);
    await ended;
    while (childrenLeft(children)) await sleep(20);
  };
  const ready = () => waitUntilReady(url, () => server.exitCode === null && server.signalCode === null);
  await ready();
  return {
    url,
    kill,
    async restart() {
      await kill();
      server = start();
      await ready();
    },
    async stop() {
      process.off("exit", leave);
      await kill();
      await rm(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The folder of initdb, postgres and pg_dump. */
export function findPrograms(): string {
  const debian = existsSync(DEBIAN)
    ? readdirSync(DEBIAN)
        .toSorted((one, other) => Number(other) - Number(one))
        .map((version) => join(DEBIAN, version, "bin"))
    : [];
  const path = (process.env.PATH ?? "").split(delimiter);
  const chosen = process.env.PG_BIN;
  const places = chosen ? [chosen] : [...path, ...debian];
  const found = places.find((dir) => existsSync(join(dir, "initdb")) && existsSync(join(dir, "postgres")));
  if (found) return found;
  throw new Error(
    "starting a PostgreSQL for the tests: no initdb on PATH, in PG_BIN or under /usr/lib/postgresql; " +
      "install PostgreSQL (apt-get install postgresql), or set TEST_DATABASE_URL to a database the tests may use",
  );
}

function accountToRunAs(): Account {
  if (process.getuid?.() !== 0) return {};
  const entry = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"))
    .find(([name]) => name === "postgres");
  if (entry) return { uid: Number(entry[2]), gid: Number(entry[3]) };
  throw new Error(
    "starting a PostgreSQL for the tests: it refuses to run as root and there is no user postgres; " +
      "make one (useradd --system postgres) or run the tests as another user",
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function waitUntilReady(url: string, alive: () => boolean): Promise<void> {
  const until = Date.now() + READY_MS;
  for (;;) {
    const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    client.on("error", () => undefined);
    try {
      await client.connect();
      await client.query("select 1");
      return;
    } catch (error) {
      if (!alive())
        throw new Error("starting a PostgreSQL for the tests: it ended at once", { cause: error });
      if (Date.now() > until) throw error;
      await sleep(25);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

/** Linux and macOS know `ps`; every process of the server is a child of its first. */
function childrenOf(parent: number): number[] {
  return processes()
    .filter(({ parent: of }) => of === parent)
    .map(({ pid }) => pid);
}

/** Ended ones that nobody asked for the exit code of are listed for ever in some containers: they do not count. */
function childrenLeft(pids: readonly number[]): boolean {
  return processes().some(({ pid, state }) => pids.includes(pid) && !state.startsWith("Z"));
}

function processes(): { pid: number; parent: number; state: string }[] {
  return execFileSync("ps", ["-A", "-o", "pid=,ppid=,stat="], { encoding: "utf8" })
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .map(([pid, parent, state]) => ({ pid: Number(pid), parent: Number(parent), state: state ?? "" }));
}

function killOne(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
