/**
 * The bot's side of runs' proxies: one is started for a run and found again after a restart by its folder alone. Life:
 * `open` → the run → `end` when its agent has ended → `remove` when all was said of it. Each is safe to do twice and
 * without the one before.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { chmod, copyFile, mkdir, open, readFile, rm, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { messageOf, Refusal } from "../model/errors.ts";
import {
  CONTROL_FILE,
  connectTo,
  END,
  folderName,
  keyFrom,
  LOG_FILE,
  type RunKey,
  SHARED,
  TOKEN_FILE,
} from "./folder.ts";
import { JOURNAL, readJournal, type Told } from "./journal.ts";
import type { KeyHeader, OuterProxies, Policy } from "./policy.ts";
import { ENDPOINT_URL, RELAY_FILE } from "./wrap.ts";

export interface EgressOptions {
  /** A folder of its own, kept over restarts. */
  readonly dir: string;
  /** Variables of certificates for the proxies' environment; nothing else is in it. */
  readonly env: Readonly<Record<string, string>>;
  /** The admin's own proxies. */
  readonly outer: OuterProxies;
}

export interface WayRequest extends RunKey {
  /** Patterns, see `policy.ts`. */
  readonly allow: readonly string[];
  /** The provider whose endpoint the run gets; null for none. */
  readonly provider: {
    readonly baseUrl: string;
    readonly key: { readonly header: KeyHeader; readonly value: string } | null;
  } | null;
  /** The proxy ends by itself after so long. */
  readonly lifeMs: number;
}

export interface Way {
  /** What the run must see of the host, at the same path. */
  readonly folder: string;
  /** Null where no provider was named. */
  readonly endpoint: { readonly url: string; readonly token: string } | null;
}

export interface Egress {
  /** Starts the run's proxy, in the place of an earlier one. Rejects with a Refusal when it can not be. */
  open(request: WayRequest): Promise<Way>;
  /** What the run's proxy has told so far; null for a run that never had one, or whose was removed. */
  told(run: RunKey): Told | null;
  /** Ends the proxy and what goes through it; its journal stays. Rejects when it does not answer. */
  end(run: RunKey): Promise<void>;
  /** Also ends it. */
  remove(run: RunKey): Promise<void>;
  /** Every run that has a folder here. */
  list(): readonly RunKey[];
  /** The tokens of runs, by a name for each: nobody else is to see them. The same object until there is another one. */
  tokens(): Readonly<Record<string, string>>;
}

/** A token is of no use when its proxy has ended, so old ones need not be known for ever. */
const MOST_TOKENS = 100;
const START_MS = 20_000;
const END_MS = 10_000;

export function createEgress(options: EgressOptions): Egress {
  const { dir } = options;
  const folderOf = (run: RunKey) => join(dir, folderName(run));
  let tokens = tokensIn(dir);
  const know = (run: RunKey, token: string) => {
    const kept = Object.entries(tokens).slice(1 - MOST_TOKENS);
    tokens = Object.freeze({ ...Object.fromEntries(kept), [tokenName(run)]: token });
  };
  const egress: Egress = {
    async open(request) {
      await egress.remove(request);
      const folder = folderOf(request);
      const token = `run-${randomBytes(32).toString("base64url")}`;
      know(request, token);
      try {
        await lay(folder, token);
        await start(folder, policyFor(request, token, options), options);
      } catch (error) {
        await egress.remove(request);
        if (error instanceof Refusal) throw error;
        throw new Refusal(
          `opening the way to the network: ${messageOf(error)}`,
          "See that DATA_DIR is on a local disk with space left, and retry.",
          { cause: error },
        );
      }
      const endpoint = request.provider && { url: ENDPOINT_URL, token };
      return { folder: join(folder, SHARED), endpoint };
    },
    told(run) {
      return egress.list().some((one) => folderName(one) === folderName(run))
        ? readJournal(join(folderOf(run), JOURNAL))
        : null;
    },
    end: async (run) => await tellToEnd(join(folderOf(run), CONTROL_FILE)),
    async remove(run) {
      await egress.end(run);
      await rm(folderOf(run), { recursive: true, force: true });
    },
    list: () => namesIn(dir).flatMap((name) => keyFrom(name) ?? []),
    tokens: () => tokens,
  };
  return egress;
}

function policyFor({ allow, provider, lifeMs }: WayRequest, token: string, { outer }: EgressOptions): Policy {
  return { allow, provider: provider && { ...provider, token }, outer, lifeMs };
}

/** The parent is the bot's alone; what is shared must be readable by whatever user an agent is in its container. */
async function lay(folder: string, token: string): Promise<void> {
  const shared = join(folder, SHARED);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await mkdir(shared, { mode: 0o755 });
  await chmod(shared, 0o755);
  await writeFile(join(folder, TOKEN_FILE), token, { mode: 0o600 });
  await copyFile(join(import.meta.dirname, RELAY_FILE), join(shared, RELAY_FILE));
  await chmod(join(shared, RELAY_FILE), 0o644);
}

async function start(folder: string, policy: Policy, { env }: EgressOptions): Promise<void> {
  const log = await open(join(folder, LOG_FILE), "w", 0o600);
  const program = join(import.meta.dirname, `process${extname(import.meta.filename)}`);
  // Authorities of the machine's own store count too, as they do for most agents.
  const argv = ["--use-system-ca", "--disable-warning=ExperimentalWarning", program];
  const child = spawn(process.execPath, argv, {
    cwd: folder,
    env,
    detached: true,
    stdio: ["pipe", "pipe", log.fd],
  });
  try {
    await once(child, "spawn");
    child.stdin?.on("error", () => {});
    child.stdin?.end(JSON.stringify(policy));
    const signal = AbortSignal.timeout(START_MS);
    const [said] = await Promise.race([
      once(child.stdout!, "data", { signal }),
      once(child, "exit", { signal }).then(() => [""]),
    ]);
    if (String(said) !== "ready\n") throw new Error(`its proxy did not start: ${await lastLine(folder)}`);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  } finally {
    await log.close();
    child.stdout?.destroy();
    child.unref();
  }
}

async function lastLine(folder: string): Promise<string> {
  const text = await readFile(join(folder, LOG_FILE), "utf8");
  return text.split("\n").find((line) => /error/i.test(line)) ?? "it said nothing";
}

async function tellToEnd(path: string): Promise<void> {
  try {
    const socket = await connectTo(path);
    const signal = AbortSignal.timeout(END_MS);
    socket.on("error", () => {});
    socket.resume().write(END);
    await once(socket, "close", { signal }).catch(() => {
      socket.destroy();
      throw new Error("the proxy of a run does not answer");
    });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    // Nobody listens: it has ended.
    if (code !== "ENOENT" && code !== "ECONNREFUSED") throw error;
  }
}

function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function tokenName(run: RunKey): string {
  return `token of run ${run.runId}, attempt ${run.attempt}`;
}

/** Those of runs that an earlier process began. */
function tokensIn(dir: string): Readonly<Record<string, string>> {
  const found = namesIn(dir).flatMap((name) => {
    const run = keyFrom(name);
    const token = run === null ? "" : tokenIn(join(dir, name));
    return run === null || token === "" ? [] : [[tokenName(run), token] as const];
  });
  return Object.freeze(Object.fromEntries(found));
}

function tokenIn(folder: string): string {
  try {
    return readFileSync(join(folder, TOKEN_FILE), "utf8");
  } catch {
    return "";
  }
}
