/** One real bot process, `node src/main.ts start`, that can be killed and started again on the same port and folder. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, openSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const MAIN = join(import.meta.dirname, "..", "..", "src", "main.ts");

export interface BotOptions {
  readonly name: string;
  /** Everything of it lies here: its log, its data, its home. */
  readonly dir: string;
  /** Where agents.yaml is. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly takesWebhooks: boolean;
}

export interface Bot {
  readonly name: string;
  readonly dir: string;
  readonly takesWebhooks: boolean;
  readonly url: string;
  readonly state: () => "down" | "starting" | "ready";
  /** Since when it has been ready without a break; null when it is not. Epoch milliseconds. */
  readonly readySince: () => number | null;
  /** Starts after which it was there, but neither ready nor ended in time, each in a line. */
  readonly stuck: readonly string[];
  /** How often it ended without being told to after it had been ready. */
  readonly exits: () => number;
  /**
   * Starts it and waits until it is ready; resolves with the milliseconds that took. When it ends by itself it is started
   * again, as by a supervisor. Rejects when it is killed or stopped before.
   */
  start(): Promise<number>;
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>;
  /** kill -STOP: it is there and does nothing. Until `thaw` it counts as down. */
  freeze(): void;
  /** kill -CONT; resolves as `start` does. */
  thaw(): Promise<number>;
  /** As `kill`, for good: it can not be started again. */
  retire(): Promise<void>;
  /** Asks it to end and waits; false when it had to be killed. */
  stop(patienceMs: number): Promise<boolean>;
}

const LOOK_MS = 20;
/** A start that takes longer is stuck: it is ended and tried again. */
const START_MS = 60_000;
/** What a supervisor waits before it starts again what ended by itself. */
const REVIVE_MS = 500;

export async function makeBot(options: BotOptions): Promise<Bot> {
  const { name, dir } = options;
  for (const folder of ["home", "tmp", "data"]) mkdirSync(join(dir, folder), { recursive: true });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const log = openSync(join(dir, "bot.log"), "a");
  let child: ChildProcess | null = null;
  let state: "down" | "starting" | "ready" = "down";
  let readySince: number | null = null;
  const stuck: string[] = [];
  let exits = 0;
  let retired = false;

  function launch(): ChildProcess {
    const env = { PATH: process.env.PATH ?? "", HOME: join(dir, "home"), TMPDIR: join(dir, "tmp") };
    const born = spawn(process.execPath, [MAIN, "start"], {
      cwd: options.cwd,
      stdio: ["ignore", log, log],
      env: { ...env, DATA_DIR: join(dir, "data"), PORT: String(port), ...options.env },
    });
    const overdue = setTimeout(() => {
      if (child !== born || state !== "starting") return;
      stuck.push(
        `${name} (pid ${born.pid}) was neither ready nor ended ${START_MS / 1000} s after its start`,
      );
      born.kill("SIGKILL");
    }, START_MS).unref();
    born.once("exit", (code, signal) => {
      clearTimeout(overdue);
      appendFileSync(log, `--- pid ${born.pid} ended: ${signal ?? code} at ${Date.now()}\n`);
      if (child === born) void endedByItself();
    });
    return born;
  }

  async function endedByItself(): Promise<void> {
    if (state === "ready") exits += 1;
    state = "starting";
    child = null;
    await sleep(REVIVE_MS);
    if (state === "starting" && child === null) child = launch();
    await untilReady().catch(() => {});
  }

  async function untilReady(): Promise<void> {
    while (!(await isReady(url))) {
      if (state === "down") throw new Error(`${name} was ended before it was ready`);
      await sleep(LOOK_MS);
    }
    if (state !== "starting") return;
    state = "ready";
    readySince = Date.now();
  }

  async function end(signal: NodeJS.Signals, patienceMs: number): Promise<boolean> {
    const dying = child;
    child = null;
    state = "down";
    if (!dying || dying.exitCode !== null || dying.signalCode !== null) return true;
    const gone = once(dying, "exit");
    dying.kill(signal);
    const timer = setTimeout(() => dying.kill("SIGKILL"), patienceMs);
    await gone;
    clearTimeout(timer);
    return dying.signalCode === null || dying.signalCode === signal;
  }

  return {
    name,
    dir,
    takesWebhooks: options.takesWebhooks,
    url,
    state: () => state,
    readySince: () => (state === "ready" ? readySince : null),
    exits: () => exits,
    stuck,
    async start() {
      if (retired) throw new Error(`${name} is not started any more`);
      const begun = performance.now();
      state = "starting";
      child = launch();
      await untilReady();
      return performance.now() - begun;
    },
    async kill() {
      await end("SIGKILL", 10_000);
    },
    freeze() {
      child?.kill("SIGSTOP");
      state = "down";
    },
    async thaw() {
      if (child === null) throw new Error(`${name} was ended while it was stopped`);
      const begun = performance.now();
      state = "starting";
      child.kill("SIGCONT");
      await untilReady();
      return performance.now() - begun;
    },
    async retire() {
      retired = true;
      await end("SIGKILL", 10_000);
    },
    stop: (patienceMs) => end("SIGTERM", patienceMs),
  };
}

/** What `/readyz` says. */
export async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2000) });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}

/** Below the range from which the kernel gives ports to others, so that it is still free after a kill. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
