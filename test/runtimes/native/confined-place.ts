/** A server's folders with something to steal in each, and an agent confined beside them that does what it is told. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import type { Exit } from "../../../src/model/outcome.ts";
import { createNativeRuntime } from "../../../src/runtimes/native/native.ts";
import type { RunHandle, Runtime, StartSpec } from "../../../src/runtimes/runtime.ts";
import { PATH } from "./confines.ts";

export const CANARY = "canary-of-the-server";

/** Below `tools`, which is on the agent's PATH: what lies below a folder that is shown must not be shown with it. */
const SECRETS = {
  env: "tools/server/.env",
  database: "tools/server/data/dispatch.sqlite",
  neighbour: "tools/server/data/workspace/forge/acme/shop/task-2/repo/secret.txt",
  login: "tools/home/.ssh/id_ed25519",
} as const;

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: Exit;
}

export interface ConfinedPlace {
  readonly root: string;
  /** Absolute paths of files that hold the canary. */
  readonly secrets: readonly string[];
  readonly spec: StartSpec;
  readonly runtime: Runtime;
  /** As the next life of the server would make it. */
  readonly options: Parameters<typeof createNativeRuntime>[0];
  /** Runs shell text confined, to its end. */
  sh(script: string, changes?: Partial<StartSpec>): Promise<Ran>;
  run(spec: StartSpec): Promise<Ran>;
}

export async function confinedPlace(t: TestContext): Promise<ConfinedPlace> {
  const root = await mkdtemp(join(tmpdir(), "confined-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  const at = (...parts: readonly string[]) => join(root, ...parts);
  const secrets = Object.values(SECRETS).map((path) => at(path));
  for (const file of secrets) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, CANARY);
  }
  const server = at("tools/server");
  const run = join(server, "data/workspace/forge/acme/shop/task-1");
  const [checkout, meta, home, logs] = ["repo", ".meta", ".home", ".logs"].map((name) => join(run, name)) as [
    string,
    string,
    string,
    string,
  ];
  for (const folder of [checkout, meta, home, logs]) await mkdir(folder, { recursive: true });
  const runId = `confined-${process.pid}-${root.slice(-6)}`;
  const spec: StartSpec = {
    runId,
    attempt: 1,
    argv: ["sh", "-c", "exit 0"],
    env: { PATH: `${at("tools")}:${PATH}`, HOME: home },
    stdin: "",
    folders: { checkout, meta, home, logs },
    limits: { memoryBytes: null, cpus: null, pids: null },
    image: null,
    gpu: false,
    network: "none",
    visible: [],
    confined: true,
  };
  const own = [server, join(server, "data"), join(server, "data/workspace"), at("tools/home")];
  const options = { now: Date.now, records: at("tools/server/data/native"), confine: { path: PATH, own } };
  const runtime = createNativeRuntime(options);
  let attempt = 0;
  const runSpec = async (given: StartSpec): Promise<Ran> => {
    attempt += 1;
    const handle = await runtime.start({ ...given, attempt });
    t.after(() => runtime.remove(handle));
    return { ...(await printed(runtime, handle)), exit: await runtime.wait(handle) };
  };
  const sh = (script: string, changes: Partial<StartSpec> = {}) =>
    runSpec({ ...spec, ...changes, argv: ["sh", "-c", script] });
  return { root, secrets, spec, runtime, options, sh, run: runSpec };
}

export async function printed(runtime: Runtime, handle: RunHandle) {
  const parts: Record<"stdout" | "stderr", Buffer[]> = { stdout: [], stderr: [] };
  for await (const { stream, data } of runtime.logs(handle, AbortSignal.timeout(30_000)))
    parts[stream].push(data);
  return { stdout: Buffer.concat(parts.stdout).toString(), stderr: Buffer.concat(parts.stderr).toString() };
}
