/** A worker's process of its own, for tests to kill: starts one run, says its handle, and stops it when told to. */
import { once } from "node:events";
import { giveSignOfLife } from "../../../src/runtimes/native/alive.ts";
import type { StartSpec } from "../../../src/runtimes/runtime.ts";
import { type EngineName, runtimeIn } from "./engine.ts";

export interface WorkerOrder {
  readonly name: EngineName;
  readonly root: string;
  readonly spec: StartSpec;
  readonly guard: { readonly file: string; readonly silentMs: number } | null;
  /** Once a line comes in. */
  readonly stopGraceMs: number;
}

if (import.meta.main) {
  const { name, root, spec, guard, stopGraceMs } = JSON.parse(process.argv[2] ?? "") as WorkerOrder;
  const runtime = runtimeIn(name, root, { guard });
  if (guard) giveSignOfLife(guard);
  const handle = await runtime.start(spec);
  console.log(JSON.stringify(handle));
  await once(process.stdin, "data");
  await runtime.stop(handle, stopGraceMs);
  console.log("stopped");
}
