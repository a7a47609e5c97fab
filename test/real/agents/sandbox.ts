/**
 * A clean place to run a real CLI in: a git checkout with one commit, an empty home, a TMPDIR of its own, and an
 * environment that holds nothing but what is named here. Runs what an adapter launches, by plain child_process, and
 * reads it with the adapter's reader.
 */
import { execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { Agent, AgentEvent, AgentResult, Endpoint, LaunchSpec } from "../../../src/agents/agent.ts";
import { createAgents } from "../../../src/agents/registry.ts";
import type { AgentConfig } from "../../../src/config/config.ts";
import type { AgentPaths } from "../../../src/model/folders.ts";
import { CLEAN_PATH, type Cli, programOf } from "./programs.ts";

export interface Ran {
  readonly result: AgentResult;
  readonly events: readonly AgentEvent[];
  readonly lines: readonly string[];
  readonly exitCode: number | null;
}

export interface RunOptions {
  readonly prompt: string;
  readonly model?: string;
  readonly resume?: string;
  /** In place of the provider, as of a run whose key is held outside. */
  readonly endpoint?: Endpoint;
  /** Has the command line run in another way. */
  readonly wrap?: (argv: LaunchSpec["argv"]) => LaunchSpec["argv"];
  /** More environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The keys in the server's environment; only those that the agent names are passed on. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Called for each event, with a way to end the CLI. */
  readonly onEvent?: (event: AgentEvent, kill: () => void) => void;
}

export interface Sandbox {
  readonly paths: AgentPaths;
  git(...args: readonly string[]): string;
  run(agent: Agent, options: RunOptions): Promise<Ran>;
  remove(): void;
}

/** The agent as the registry makes it, with the real program and these settings. */
export function realAgent(name: string, cli: Cli, env: Readonly<Record<string, string>>): Agent {
  const config: AgentConfig = {
    name,
    runtime: null,
    image: null,
    network: null,
    allow: [],
    confined: null,
    enabled: true,
    program: programOf(cli),
    home: "run",
    env,
    secretEnv: [],
    defaultModel: null,
    custom: null,
  };
  const agent = createAgents({ [name]: config }, Date.now).get(name);
  if (!agent) throw new Error(`the registry made no ${name}`);
  return agent;
}

export function openSandbox(): Sandbox {
  // The real path: on some systems the temporary folder is a link, and CLIs find sessions by their true folder.
  const root = realpathSync(mkdtempSync(join(tmpdir(), "real-agent-")));
  const [checkout, meta, home, tmp] = ["checkout", "meta", "home", "tmp"].map((name) => join(root, name)) as [
    string,
    string,
    string,
    string,
  ];
  for (const folder of [checkout, meta, home, tmp]) mkdirSync(folder);
  const env = cleanEnv(home, tmp);
  const git = (...args: readonly string[]) =>
    execFileSync("git", ["-C", checkout, ...args], { env, encoding: "utf8" }).trim();
  git("init", "-q", "-b", "main");
  // As a workspace does: codex gives its shells no GIT_* variables.
  git("config", "user.name", "Agent");
  git("config", "user.email", "agent@example.invalid");
  writeFileSync(join(checkout, "README.md"), "# A repository\n");
  git("add", "-A");
  git("commit", "-q", "-m", "Begin");
  const paths = { checkout, meta, home };
  return {
    paths,
    git,
    async run(agent, options) {
      const spec = agent.launch({
        model: options.model ?? null,
        prompt: options.prompt,
        paths,
        resume: options.resume ?? null,
        sessionId: randomUUID(),
        reviewFrom: null,
        endpoint: options.endpoint ?? null,
      });
      writeFiles(spec, paths);
      const named = options.endpoint === undefined ? spec.secretEnv : [];
      const keys = named.filter((name) => options.secrets[name] !== undefined);
      const secrets = Object.fromEntries(keys.map((name) => [name, options.secrets[name] ?? ""]));
      const argv = options.wrap ? options.wrap(spec.argv) : spec.argv;
      const all = { ...env, ...options.env, ...spec.env, ...secrets };
      return execute(agent, { ...spec, argv }, all, checkout, options.onEvent);
    },
    remove: () => rmSync(root, { recursive: true, force: true, maxRetries: 5 }),
  };
}

function cleanEnv(home: string, tmp: string): Readonly<Record<string, string>> {
  return {
    PATH: CLEAN_PATH,
    HOME: home,
    TMPDIR: tmp,
    LANG: "C.UTF-8",
    TERM: "dumb",
    NO_COLOR: "1",
    CI: "true",
  };
}

function writeFiles(spec: LaunchSpec, paths: AgentPaths): void {
  for (const file of spec.files) {
    const path = join(paths[file.in], file.path);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, file.content);
  }
}

async function execute(
  agent: Agent,
  spec: LaunchSpec,
  env: Readonly<Record<string, string>>,
  cwd: string,
  onEvent: RunOptions["onEvent"],
): Promise<Ran> {
  const [program, ...args] = spec.argv;
  // A process group of its own, so that everything the CLI started can be ended with it.
  const child = spawn(program, args, { cwd, env, stdio: "pipe", detached: true });
  const kill = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGTERM");
  };
  const reader = agent.reader();
  const events: AgentEvent[] = [];
  const lines: string[] = [];
  const read = async (stream: "stdout" | "stderr") => {
    for await (const line of createInterface({ input: child[stream] })) {
      if (stream === "stdout") lines.push(line);
      for (const event of reader.line(line, stream)) {
        events.push(event);
        onEvent?.(event, kill);
      }
    }
  };
  child.stdin.on("error", () => {});
  child.stdin.end(spec.stdin);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const [exitCode] = await Promise.all([ended, read("stdout"), read("stderr")]);
  return { result: reader.end(exitCode), events, lines, exitCode };
}
