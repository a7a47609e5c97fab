/** The runtime's handle as it is kept with the run. */
import { messageOf } from "../model/errors.ts";
import type { Run } from "../model/run.ts";
import type { RunHandle } from "../runtimes/runtime.ts";

/** The handle as the runtime gave it, read back from the store. */
export function handleOf(run: Run): RunHandle {
  if (run.handle === null) throw new Error(`run ${run.id} is ${run.state} but no handle was recorded`);
  try {
    return JSON.parse(run.handle) as RunHandle;
  } catch (error) {
    throw new Error(`run ${run.id}: its recorded handle is no JSON: ${messageOf(error)}`);
  }
}
