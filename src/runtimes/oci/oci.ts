/**
 * The container runtime for docker and podman: one adapter, with what differs in `dialects.ts`. A run is a container
 * that outlives the bot: started detached, found again by its label, waited for, stopped, inspected and only then
 * removed. It talks to the engine by its command-line program, so whatever that is set up for (a socket, a context, a
 * rootless engine) works here.
 */
import { Refusal } from "../../model/errors.ts";
import { createCall, patiently, wordsOf } from "../container/cli.ts";
import { giveAll, type Owner } from "../container/give.ts";
import { containerName, handleFrom, ownerLabel } from "../container/labels.ts";
import {
  outputOf,
  removeLaunchFolder,
  requireSources,
  writeLaunchFolder,
} from "../container/launch-folder.ts";
import { INSIDE } from "../container/places.ts";
import { createPrograms, type Programs } from "../container/programs.ts";
import { openRecords } from "../container/records.ts";
import { createTail } from "../output/tail.ts";
import { createTicker } from "../output/ticker.ts";
import type { RunHandle, Runtime, StartSpec } from "../runtime.ts";
import { lookArguments, runArguments } from "./arguments.ts";
import type { Dialect } from "./dialects.ts";
import { createEnds, inspect, isAlive } from "./ends.ts";
import { explainStart } from "./explain.ts";
import { looksIn, startGuard, type Watched } from "./guard.ts";
import { createImages } from "./images.ts";
import { parseInspect } from "./inspect.ts";
import { createProbe } from "./probe.ts";
import { userOf } from "./user.ts";

export interface OciOptions {
  readonly dialect: Dialect;
  /** A folder of this worker's own, kept over restarts: its mark on its containers is there. */
  readonly dir: string;
  /** The environment of the engine's program. */
  readonly env: Readonly<Record<string, string>>;
  /** Who the bot is. */
  readonly bot: Owner;
  /** Who agents are inside, where the bot is root. */
  readonly user: Owner;
  /** Ends containers whose worker gives no sign of life; null on one machine, where they are left to be adopted. */
  readonly guard?: Watched | null;
}

/** How often output is looked at. */
const TICK_MS = 250;
/** How long an engine may be away while something is asked of it. */
const PATIENCE_MS = 60_000;

export function createOciRuntime(options: OciOptions): Runtime {
  const { dialect, env } = options;
  const call = createCall(dialect.name, env);
  const records = openRecords(options.dir);
  const images = createImages(call, dialect);
  const probe = createProbe(call, dialect, options.bot);
  const ends = createEnds({ call, dialect, records });
  const tail = createTail(createTicker(TICK_MS));
  const state = (id: string) => patiently(() => inspect(call, id), PATIENCE_MS);
  const kill = (id: string, signal: string) =>
    patiently(() => call(["kill", "--signal", signal, id]), PATIENCE_MS);
  const programs = new Map<string, Programs>();
  let guarding: Promise<void> | null = null;

  const stand = (owner: string) => {
    if (!options.guard) return;
    const { dir, guard: watched } = options;
    guarding ??= startGuard({ watched, program: dialect.name, env, dir, orders: records.orders, owner });
    return guarding;
  };

  /** An image is looked into as who the agent will be. */
  const programsFor = (user: readonly string[]) => {
    const key = user.join(" ");
    const look = (imageId: string, script: string, args: readonly string[]) =>
      call(lookArguments({ imageId, user, dialect }, script, args));
    const known = programs.get(key) ?? createPrograms(look);
    programs.set(key, known);
    return known;
  };

  const start = async (spec: StartSpec, tell: (progress: string) => void): Promise<RunHandle> => {
    await requireSources(spec);
    const name = spec.image;
    if (name === null)
      throw new Refusal(`starting ${spec.argv[0]}: no image is named`, "Set `dispatch.image`.");
    const facts = await probe.facts();
    const { options: user, give } = userOf(options.bot, options.user, facts, dialect.name);
    const image = await images.find(name, tell);
    const path = spec.env.PATH ?? image.path;
    const program = await programsFor(user).find(image.id, spec.argv[0], path);
    const owner = await records.makeOwner();
    await stand(owner);
    const launch = await writeLaunchFolder(spec, { ...spec.env, PATH: path }, false);
    const { checkout, meta, home, logs } = spec.folders;
    if (give) await giveAll([checkout, meta, home, launch], give);
    const args = runArguments({ spec, program, imageId: image.id, owner, user, dialect });
    const answer = await call(args, { outlives: true, timeoutMs: null });
    if (answer.code !== 0) throw explainStart(spec, wordsOf(answer), dialect.name);
    return {
      runtime: dialect.name,
      runId: spec.runId,
      attempt: spec.attempt,
      ref: answer.stdout.trim(),
      logs,
    };
  };

  /** Nothing runs in it afterwards, and nothing of it is left. */
  const discard = async (idOrName: string) => {
    await kill(idOrName, "KILL");
    const answer = await patiently(() => call(["rm", "--force", "--volumes", idOrName]), PATIENCE_MS);
    if (answer.code !== 0 && (await state(idOrName)) !== null)
      throw new Error(`removing the container ${idOrName}: ${wordsOf(answer)}`);
  };

  return {
    name: dialect.name,
    probe: probe.probe,
    paths: () => INSIDE,
    async start(spec, tell = () => {}) {
      try {
        return await start(spec, tell);
      } catch (error) {
        // It may have been made, or even live, with nobody told of it.
        await discard(containerName(spec)).catch(() => {});
        await removeLaunchFolder({ logs: spec.folders.logs, attempt: spec.attempt });
        throw error;
      }
    },
    logs: (handle, signal) => tail(outputOf(handle), ends.of(handle), signal),
    async ended({ ref }) {
      const found = await state(ref);
      return found === null || !isAlive(found, dialect);
    },
    wait: (handle) => ends.of(handle),
    async stop(handle, graceMs) {
      const found = await state(handle.ref);
      if (found === null || !isAlive(found, dialect)) return;
      await records.order(handle.ref, looksIn(graceMs) + 1);
      const end = ends.of(handle);
      if (graceMs > 0) {
        await kill(handle.ref, "TERM");
        if (await within(end, graceMs)) return;
      }
      await kill(handle.ref, "KILL");
      await end;
    },
    async list() {
      const owner = await records.owner();
      if (owner === null) return [];
      const filter = ["--filter", `label=${ownerLabel(owner)}`];
      const { stdout, code, ...rest } = await call(["ps", "--all", "--quiet", "--no-trunc", ...filter]);
      if (code !== 0) throw new Error(`listing containers: ${wordsOf({ stdout, ...rest })}`);
      const ids = stdout.split("\n").filter((id) => id !== "");
      if (ids.length === 0) return [];
      const found = parseInspect((await call(["container", "inspect", ...ids])).stdout);
      return found.flatMap(({ id, labels }) => handleFrom(dialect.name, id, labels) ?? []);
    },
    async remove(handle) {
      await discard(handle.ref);
      await removeLaunchFolder(handle);
      await records.forget(handle.ref);
      ends.forget(handle);
    },
  };
}

async function within(end: Promise<unknown>, ms: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), ms);
  try {
    return await Promise.race([end.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
