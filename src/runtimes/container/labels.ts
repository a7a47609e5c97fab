/** How a run's container is called and marked, and how its handle is read back from that by a later process. */
import type { RunHandle, StartSpec } from "../runtime.ts";

const LABEL = "agent-dispatch";

export function containerName({ runId, attempt }: Pick<RunHandle, "runId" | "attempt">): string {
  return `agent-dispatch-${runId}.${attempt}`.replace(/[^a-zA-Z0-9_.-]/g, "-");
}

/** `owner` is the mark of the worker that started it: each finds its own containers only. */
export function labelsOf({ runId, attempt, folders }: StartSpec, owner: string): readonly string[] {
  const all = { owner, run: runId, attempt, logs: folders.logs };
  return Object.entries(all).map(([name, value]) => `${LABEL}.${name}=${value}`);
}

export function ownerLabel(owner: string): string {
  return `${LABEL}.owner=${owner}`;
}

/** The run's handle, read back from its container's labels; null when they are not ours. */
export function handleFrom(
  runtime: string,
  id: string,
  labelled: Readonly<Record<string, string>>,
): RunHandle | null {
  const { run, attempt, logs } = {
    run: labelled[`${LABEL}.run`],
    attempt: labelled[`${LABEL}.attempt`],
    logs: labelled[`${LABEL}.logs`],
  };
  if (run === undefined || attempt === undefined || logs === undefined) return null;
  return { runtime, runId: run, attempt: Number(attempt), ref: id, logs };
}
