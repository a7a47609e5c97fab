/**
 * Starts a command in a runtime as an agent is started, and gives back how it ended and what it said. Bounded in time
 * and in what is read; nothing of it is left behind.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Refusal } from "../model/errors.ts";
import type { RunFolders } from "../model/folders.ts";
import type { Exit } from "../model/outcome.ts";
import type { Limits, RunHandle, Runtime, StartSpec } from "../runtimes/runtime.ts";
import { type Facts, readFacts } from "./script.ts";

export interface Ended {
  /** Null when it was stopped since it took too long. */
  readonly exit: Exit | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type Start = Partial<Pick<StartSpec, "env" | "stdin" | "limits" | "image" | "network">> &
  Pick<StartSpec, "argv">;

/** Where trials have their folders, and what they share. */
export interface Bench {
  /** A folder of the doctor's own among the workspaces, so that it is seen by engines as runs' folders are. */
  readonly root: string;
  readonly path: string;
  readonly limits: Limits;
  /** Whether trials on the host are confined, as agents are. */
  readonly confined: boolean;
  readonly newId: () => string;
  /** Whether a run with this id is a trial of this doctor. */
  readonly isOurs: (runId: string) => boolean;
}

export const NO_LIMITS: Limits = { memoryBytes: null, cpus: null, pids: null };
const MOST_BYTES = 256 * 1024;

/** Makes the folders of one trial, as open as those of a run are. */
export async function makeFolders({ root }: Bench, runId: string): Promise<RunFolders> {
  const at = (part: string) => join(root, runId, part);
  const folders = { checkout: at("repo"), meta: at("meta"), home: at("home"), logs: at("logs") };
  for (const folder of Object.values(folders)) await mkdir(folder, { recursive: true });
  await mkdir(join(folders.meta, "tmp"), { mode: 0o700 });
  return folders;
}

/** The spec of a trial in folders that are there. */
export function specOf(
  bench: Bench,
  runtime: Runtime,
  runId: string,
  folders: RunFolders,
  start: Start,
): StartSpec {
  const paths = runtime.paths(folders);
  return {
    runId,
    attempt: 1,
    argv: start.argv,
    env: {
      PATH: bench.path,
      HOME: paths.home,
      TMPDIR: `${paths.meta}/tmp`,
      AGENT_DISPATCH_RUN: `${runId}.1`,
      ...start.env,
    },
    stdin: start.stdin ?? "",
    folders,
    limits: start.limits ?? bench.limits,
    image: runtime.name === "native" ? null : (start.image ?? null),
    gpu: false,
    network: start.network ?? "none",
    visible: [],
    confined: bench.confined,
  };
}

/** Runs it to its end in folders of its own. Rejects as `start` does, with a Refusal for what is missing. */
export async function attempt(bench: Bench, runtime: Runtime, start: Start, ms: number): Promise<Ended> {
  const runId = bench.newId();
  const folders = await makeFolders(bench, runId);
  try {
    return await follow(runtime, specOf(bench, runtime, runId, folders, start), ms);
  } finally {
    await rm(join(bench.root, runId), { recursive: true, force: true });
  }
}

/** From the start to the end, or until it took too long. */
export async function follow(runtime: Runtime, spec: StartSpec, ms: number): Promise<Ended> {
  const handle = await runtime.start(spec);
  const enough = new AbortController();
  try {
    const said = read(runtime, handle, enough.signal);
    const exit = await within(runtime.wait(handle), ms);
    if (exit === null) await runtime.stop(handle, 0);
    const late = setTimeout(() => enough.abort(), 5_000);
    const output = await said;
    clearTimeout(late);
    return { exit, ...output };
  } finally {
    enough.abort();
    await runtime.remove(handle);
  }
}

/** What a trial agent said, if it came to its end; else a Refusal with its last words. */
export function factsOf(ended: Ended): Facts {
  const facts = readFacts(ended.stdout);
  if (facts.has("looked")) return facts;
  const last = lastWords(ended);
  throw new Refusal(
    `the trial agent did not come to its end${last === "" ? "" : `: ${last}`}`,
    "see what the runtime says; an image needs /bin/sh and coreutils",
  );
}

export function lastWords({ stdout, stderr }: Ended): string {
  const last = `${stdout}\n${stderr}`.trim().split("\n").at(-1) ?? "";
  return last.trim().slice(0, 200);
}

/** Null when it takes longer. */
export async function within<T>(work: Promise<T>, ms: number): Promise<T | null> {
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), ms);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function read(runtime: Runtime, handle: RunHandle, signal: AbortSignal) {
  const said = { stdout: "", stderr: "" };
  for await (const { stream, data } of runtime.logs(handle, signal)) {
    if (said[stream].length < MOST_BYTES) said[stream] += data.toString("utf8");
  }
  return said;
}
