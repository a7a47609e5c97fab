/** An agent that runs on is found and ended by a second runtime, opened as a restarted bot would open it. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Judged } from "../model/finding.ts";
import type { RunHandle, Runtime } from "../runtimes/runtime.ts";
import type { DoctorDeps } from "./doctor.ts";
import { type Adoption, judgeAdoption } from "./judge-ends.ts";
import { type Patient, shell } from "./runtimes.ts";
import { RUNS_ON, readFacts } from "./script.ts";
import { makeFolders, specOf, within } from "./trial.ts";

const UP_MS = 20_000;
const GRACE_MS = 2_000;
const END_MS = 20_000;

export async function adopt(
  { bench, reopened }: DoctorDeps,
  { runtime, image }: Patient,
): Promise<readonly Judged[]> {
  const second = reopened.get(runtime.name) ?? runtime;
  const runId = bench.newId();
  const folders = await makeFolders(bench, runId);
  try {
    const start = { ...shell(RUNS_ON), image };
    const handle = await runtime.start(specOf(bench, runtime, runId, folders, start));
    const found = await lookFor(handle, runtime, second);
    const left = (await runtime.list()).filter((one) => bench.isOurs(one.runId)).length;
    return judgeAdoption({ ...found, left });
  } finally {
    await rm(join(bench.root, runId), { recursive: true, force: true });
  }
}

async function lookFor(
  handle: RunHandle,
  runtime: Runtime,
  second: Runtime,
): Promise<Omit<Adoption, "left">> {
  try {
    const up = await isUp(runtime, handle);
    const listed = (await second.list()).some(({ runId }) => runId === handle.runId);
    // What is kept of a run is its handle as JSON.
    await second.stop(JSON.parse(JSON.stringify(handle)) as RunHandle, GRACE_MS);
    const ended = (await within(runtime.wait(handle), END_MS)) !== null;
    return { up, listed, ended };
  } finally {
    await second.remove(handle);
  }
}

async function isUp(runtime: Runtime, handle: RunHandle): Promise<boolean> {
  let said = "";
  for await (const { data } of runtime.logs(handle, AbortSignal.timeout(UP_MS))) {
    said += data.toString("utf8");
    if (readFacts(said).has("up")) return true;
  }
  return false;
}
