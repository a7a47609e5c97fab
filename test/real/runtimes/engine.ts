/** A container engine of this machine as tests use it. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { linuxProcesses } from "../../../src/runtimes/native/linux.ts";
import { DOCKER, PODMAN } from "../../../src/runtimes/oci/dialects.ts";
import { createOciRuntime, type OciOptions } from "../../../src/runtimes/oci/oci.ts";
import type { RunHandle, Runtime, StartSpec } from "../../../src/runtimes/runtime.ts";
import type { RuntimeBench } from "../../contracts/runtime.ts";
import { IMAGE, makeImage } from "./image.ts";

export type EngineName = "docker" | "podman";

const DIALECTS = { docker: DOCKER, podman: PODMAN };
/** Where the engine is found: what the bot hands on to it. */
export const ENGINE_ENV = Object.fromEntries(
  Object.entries(process.env).filter(([name]) =>
    /^(PATH|HOME|DOCKER_HOST|XDG_RUNTIME_DIR|CONTAINERS_CONF)$/.test(name),
  ),
) as Readonly<Record<string, string>>;

/**
 * Why the engine's tests do not run here; false where they do, with the test image made. On CI a missing engine is no
 * reason: the tests run, and fail.
 */
export async function skipReason(name: EngineName): Promise<string | false> {
  const works = spawnSync(name, ["info"], { stdio: "ignore" }).status === 0;
  if (!works && !process.env.CI) return `${name} does not work on this machine`;
  await makeImage([name]);
  return false;
}

export function runtimeIn(name: EngineName, dir: string, more: Partial<OciOptions> = {}) {
  return createOciRuntime({
    dialect: DIALECTS[name],
    dir: join(dir, name),
    env: ENGINE_ENV,
    bot: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
    user: { uid: 1000, gid: 1000 },
    ...more,
  });
}

/** Processes of one run, wherever they hide. */
export async function living(runId: string): Promise<number> {
  return (await linuxProcesses().scan()).filter((row) => row.run === `${runId}.1`).length;
}

export function opens(name: EngineName, more: Partial<OciOptions> = {}) {
  return async (t: TestContext): Promise<RuntimeBench> => {
    const root = await mkdtemp(join(tmpdir(), `${name}-`));
    t.after(() => rm(root, { recursive: true, force: true }));
    const reopen = () => runtimeIn(name, root, more);
    return {
      runtime: reopen(),
      root,
      reopen,
      arrange: (spec, { sh }) => ({ ...spec, image: IMAGE, argv: ["sh", "-c", sh] }),
      living,
      codeAfterRestart: true,
      codesApartFromSignals: false,
    };
  };
}

/** The engine itself, beside the runtime. */
export function engine(name: EngineName, ...args: readonly string[]): string {
  return execFileSync(name, [...args], {
    encoding: "utf8",
    env: ENGINE_ENV,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

export interface Started {
  readonly runtime: Runtime;
  readonly handle: RunHandle;
  readonly spec: StartSpec;
  readonly root: string;
}

let runs = 0;

/** A run's folders in `root`, made, and what is started in them: a shell with this text. */
export async function specOf(root: string, sh: string, changes: Partial<StartSpec> = {}): Promise<StartSpec> {
  const runId = `real-${process.pid}-${++runs}`;
  const folder = (part: string) => join(root, runId, part);
  const folders = {
    checkout: folder("repo"),
    meta: folder(".meta"),
    home: folder(".home"),
    logs: folder(".logs"),
  };
  for (const dir of Object.values(folders)) await mkdir(dir, { recursive: true });
  return {
    ...{ runId, attempt: 1, argv: ["sh", "-c", sh], env: {}, stdin: "", folders, image: IMAGE, gpu: false },
    ...{
      limits: { memoryBytes: null, cpus: null, pids: null },
      network: "none",
      visible: [],
      confined: true,
    },
    ...changes,
  };
}

/** Starts a shell with this text, and removes the run after the test. */
export async function startSh(
  t: TestContext,
  name: EngineName,
  sh: string,
  changes: Partial<StartSpec> = {},
): Promise<Started> {
  const { runtime, root } = await opens(name)(t);
  const spec = await specOf(root, sh, changes);
  const handle = await runtime.start(spec);
  t.after(() => runtime.remove(handle));
  return { runtime, handle, spec, root };
}

/** All that was printed, stdout and stderr together, once the agent has ended. */
export async function printed({ runtime, handle }: Pick<Started, "runtime" | "handle">): Promise<string> {
  let text = "";
  for await (const { data } of runtime.logs(handle, new AbortController().signal)) text += data;
  return text;
}

/** Resolves when the agent has said this. */
export async function untilSaid(
  { runtime, handle }: Pick<Started, "runtime" | "handle">,
  word: string,
): Promise<void> {
  const reading = new AbortController();
  let text = "";
  for await (const { data } of runtime.logs(handle, reading.signal)) {
    text += data;
    if (text.includes(word)) return;
  }
  throw new Error(`the agent ended without ${word}: ${text}`);
}
