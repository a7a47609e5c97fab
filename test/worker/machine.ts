/** Another machine beside a bench: a worker's own runtime and folders on the same store and forge. */
import { join } from "node:path";
import { createLiveStatus } from "../../src/report/live-status.ts";
import type { Claim, Store } from "../../src/store/store.ts";
import type { WorkDeps } from "../../src/worker/deps.ts";
import { openJob } from "../../src/worker/job.ts";
import { work } from "../../src/worker/work.ts";
import { createFakeRuntime, type FakeRuntime, type FakeScript } from "../fakes/runtime.ts";
import { type Bench, LEASE_MS } from "./bench.ts";
import { createPlainWorkspaces, type PlainWorkspaces } from "./plain-workspaces.ts";

export interface Machine {
  readonly runtime: FakeRuntime;
  readonly workspaces: PlainWorkspaces;
  readonly deps: WorkDeps;
}

export function openMachine(bench: Bench, name: string, script: FakeScript): Machine {
  const runtime = createFakeRuntime(() => script);
  const workspaces = createPlainWorkspaces(join(bench.dir, name));
  const { store, deps } = bench;
  const own: Partial<WorkDeps> = {
    name,
    workspaces,
    runtimeFor: async () => runtime,
    runtimeNamed: () => runtime,
    runtimes: () => [runtime],
    logFile: (run) => join(bench.dir, name, "logs", `${run.id}.${run.attempt}.log`),
    live: createLiveStatus({ store, everyMs: 0, now: deps.now, onError: () => {} }),
  };
  return { runtime, workspaces, deps: { ...deps, ...own } };
}

/** Time in which the store can be reached passes: leases that nobody keeps run out. */
export async function pass({ store, clock }: { store: Store; clock: Bench["clock"] }, ms: number) {
  for (let rest = ms; rest > 0; rest -= LEASE_MS / 2) {
    clock.ms += Math.min(rest, LEASE_MS / 2);
    await store.takeOver("nobody", LEASE_MS, { lostMs: Number.MAX_SAFE_INTEGER });
  }
}

/** Works claims to their ends, one after the other. */
export async function workAll(claims: readonly Claim[], deps: WorkDeps): Promise<void> {
  const never = new AbortController().signal;
  for (const claim of claims) await work(openJob(claim, deps, { leave: never, halt: never }), deps);
}
