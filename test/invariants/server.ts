/** The real program in a process of its own, in a folder of its own, started as an admin starts it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const MAIN = join(import.meta.dirname, "..", "..", "src", "main.ts");

export interface Place {
  /** Everything of this test lies below it. */
  readonly root: string;
  /** The folder it is started in. */
  readonly cwd: string;
  readonly home: string;
  readonly tmp: string;
  readonly data: string;
  readonly workspace: string;
  remove(): Promise<void>;
}

export interface Server {
  readonly url: string;
  readonly process: ChildProcess;
  /** What it printed so far. */
  readonly lines: readonly string[];
  /** Ends it by a signal and waits for that. */
  end(signal: NodeJS.Signals): Promise<void>;
}

export async function makePlace(agentsYaml = "{}\n"): Promise<Place> {
  const root = await mkdtemp(join(tmpdir(), "invariant-"));
  const at = (name: string) => join(root, name);
  for (const name of ["cwd", "home", "tmp"]) await mkdir(at(name));
  await writeFile(join(at("cwd"), "agents.yaml"), agentsYaml);
  return {
    root,
    cwd: at("cwd"),
    home: at("home"),
    tmp: at("tmp"),
    data: at("data"),
    workspace: at("workspace"),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** Resolves when it listens; rejects with what it said when it ends before that. */
export async function startServer(place: Place, env: Readonly<Record<string, string>>): Promise<Server> {
  const child = spawn(process.execPath, [MAIN, "start"], {
    cwd: place.cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH,
      HOME: place.home,
      TMPDIR: place.tmp,
      DATA_DIR: place.data,
      PORT: "0",
      ...env,
    },
  });
  const lines: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const hear = (line: string) => {
    lines.push(line);
    const url = /listening on (http:\/\/[\w.:]+)/.exec(line)?.[1];
    if (url) resolve(url);
  };
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", hear);
  child.once("exit", () => reject(new Error(`the server ended:\n${lines.join("\n")}`)));
  return {
    url: await promise,
    process: child,
    lines,
    async end(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      await once(child, "exit");
    },
  };
}
