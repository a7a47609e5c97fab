/**
 * Apple's `container` on macOS: each agent in a Linux virtual machine of its own. No Mac was at hand: what is written
 * here follows the CLI's own reference, and only its command lines are tested, against a stub.
 *
 * It tells no exit code of a container that has stopped, so the start script writes it down, as it keeps the output.
 * That record can be forged by the agent; success takes its own word as well, as everywhere.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Refusal } from "../../model/errors.ts";
import type { Exit } from "../../model/outcome.ts";
import { type Call, createCall, EngineAway, patiently, wordsOf } from "../container/cli.ts";
import { exitOf, UNSEEN } from "../container/exit.ts";
import { containerName, handleFrom, ownerLabel } from "../container/labels.ts";
import {
  exitFile,
  outputOf,
  removeLaunchFolder,
  requireSources,
  writeLaunchFolder,
} from "../container/launch-folder.ts";
import { INSIDE } from "../container/places.ts";
import { createPrograms } from "../container/programs.ts";
import { openRecords } from "../container/records.ts";
import { readExitRecord } from "../output/raw.ts";
import { createTail } from "../output/tail.ts";
import { createTicker } from "../output/ticker.ts";
import type { RunHandle, Runtime, RuntimeProbe, StartSpec } from "../runtime.ts";
import { lookArguments, runArguments } from "./arguments.ts";
import { parseContainers } from "./inspect.ts";

export interface AppleOptions {
  /** A folder of this worker's own, kept over restarts. */
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: { readonly uid: number; readonly gid: number };
  readonly platform: NodeJS.Platform;
  /** Of many machines: an agent must end with its worker there, and nothing sees to that here. */
  readonly isFleet: boolean;
}

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const TICK_MS = 250;
const LOOK_MS = 500;
const PATIENCE_MS = 60_000;
const INSTALL = "Install Apple's container, then: container system start.";
const UNSEEN_HERE = "nobody has seen on a Mac that it holds, and sockets of the host can not be shown to it";

const LACKS: RuntimeProbe["lacks"] = {
  network: `${UNSEEN_HERE}; use docker or podman`,
  pids: "Apple's container has no limit of processes; use docker or podman",
};

export function createAppleRuntime(options: AppleOptions): Runtime {
  const { user } = options;
  const call = createCall("container", options.env);
  const records = openRecords(options.dir);
  const programs = createPrograms((image, script, args) =>
    call(lookArguments({ image, user }, script, args)),
  );
  const tail = createTail(createTicker(TICK_MS));
  const find = async (id: string) =>
    parseContainers((await patiently(() => call(["inspect", id]), PATIENCE_MS)).stdout)[0];
  const kill = (id: string, signal: string) =>
    patiently(() => call(["kill", "--signal", signal, id]), PATIENCE_MS);

  const start = async (spec: StartSpec, tell: (progress: string) => void): Promise<RunHandle> => {
    await requireSources(spec);
    const image = spec.image;
    if (image === null)
      throw new Refusal(`starting ${spec.argv[0]}: no image is named`, "Set `dispatch.image`.");
    if ((await call(["image", "inspect", image])).code !== 0) {
      tell(`pulling ${image}`);
      const pulled = await call(["image", "pull", "--progress", "none", image], { timeoutMs: null });
      if (pulled.code !== 0) {
        const fix =
          "Build or load the image on this Mac, name another one (`dispatch.image`), or log in to its registry: container registry login.";
        throw new Refusal(`finding the image ${image}: ${wordsOf(pulled)}`, fix);
      }
    }
    const path = spec.env.PATH ?? DEFAULT_PATH;
    const program = await programs.find(image, spec.argv[0], path);
    const owner = await records.makeOwner();
    await writeLaunchFolder(spec, { ...spec.env, PATH: path }, true);
    const answer = await call(runArguments({ spec, image, program, owner, user }), {
      outlives: true,
      timeoutMs: null,
    });
    if (answer.code !== 0)
      throw new Refusal(
        `starting ${spec.argv[0]}: its container would not start: ${wordsOf(answer)}`,
        INSTALL,
      );
    const { runId, attempt, folders } = spec;
    return { runtime: "apple", runId, attempt, ref: containerName(spec), logs: folders.logs };
  };

  const endOf = async (handle: RunHandle): Promise<Exit> => {
    for (;;) {
      const found = await find(handle.ref);
      if (found?.running) {
        await sleep(LOOK_MS);
        continue;
      }
      const { text, writtenAt } = readExitRecord(exitFile(handle));
      const code = /^exit (\d{1,3})\n$/.exec(text)?.[1];
      const killedBy = await records.killer(handle.ref);
      if (code === undefined)
        return killedBy === null ? UNSEEN : { code: null, signal: "SIGKILL", outOfMemory: false };
      return exitOf({
        code: Number(code),
        outOfMemory: false,
        hasMemoryLimit: false,
        killedBy,
        endedAt: writtenAt,
      });
    }
  };
  const discard = async (id: string) => {
    await patiently(() => call(["delete", "--force", id]), PATIENCE_MS);
  };

  return {
    name: "apple",
    probe: () => probe(call, options),
    paths: () => INSIDE,
    async start(spec, tell = () => {}) {
      try {
        return await start(spec, tell);
      } catch (error) {
        await discard(containerName(spec)).catch(() => {});
        await removeLaunchFolder({ logs: spec.folders.logs, attempt: spec.attempt });
        throw error;
      }
    },
    logs: (handle, signal) => tail(outputOf(handle), endOf(handle), signal),
    ended: async ({ ref }) => !(await find(ref))?.running,
    wait: endOf,
    async stop(handle, graceMs) {
      if (!(await find(handle.ref))?.running) return;
      await records.order(handle.ref, 0);
      const seconds = Math.ceil(graceMs / 1000);
      await patiently(
        () => call(["stop", "--time", `${seconds}`, handle.ref], { timeoutMs: null }),
        PATIENCE_MS,
      );
      if ((await find(handle.ref))?.running) await kill(handle.ref, "KILL");
      await endOf(handle);
    },
    async list() {
      const owner = await records.owner();
      if (owner === null) return [];
      const [name = "", value] = ownerLabel(owner).split("=");
      const all = parseContainers((await call(["list", "--all", "--format", "json"])).stdout);
      return all
        .filter(({ labels }) => labels[name] === value)
        .flatMap(({ id, labels }) => handleFrom("apple", id, labels) ?? []);
    },
    async remove(handle) {
      await discard(handle.ref);
      await removeLaunchFolder(handle);
      await records.forget(handle.ref);
    },
  };
}

async function probe(call: Call, { platform, isFleet }: AppleOptions): Promise<RuntimeProbe> {
  const no = (reason: string): RuntimeProbe => ({ ready: false, version: null, reason, lacks: LACKS });
  if (platform !== "darwin") return no("Apple's container is there on macOS only");
  if (isFleet) return no("with PostgreSQL agents must end with their worker, which nothing sees to here");
  try {
    const status = await call(["system", "status"]);
    if (status.code !== 0) return no(`its services do not run: ${wordsOf(status)}. ${INSTALL}`);
    const version = /\d+\.\d+\S*/.exec((await call(["--version"])).stdout)?.[0] ?? null;
    return { ready: true, version, reason: null, lacks: LACKS };
  } catch (error) {
    if (error instanceof Refusal || error instanceof EngineAway) return no(`${error.message}. ${INSTALL}`);
    throw error;
  }
}
