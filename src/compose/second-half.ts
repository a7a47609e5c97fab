/** The second half put together: the worker, with everything it needs to bring a run to its end. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Egress } from "../egress/egress.ts";
import type { Forge } from "../forges/forge.ts";
import { createDiskGuard } from "../supervisor/disk-guard.ts";
import { createWorker, type Worker, type WorkerDeps } from "../worker/worker.ts";
import type { FirstHalf } from "./first-half.ts";
import { named } from "./parts.ts";

type Given = Pick<WorkerDeps, "name" | "closedForges" | "onQueueMoved" | "live" | "log">;

export interface SecondHalf extends FirstHalf, Given {
  readonly egress: Egress;
  readonly forges: ReadonlyMap<string, Forge>;
  /** The folder of the runs' logs. */
  readonly logs: string;
}

/** Below it the disk of the workspaces is nearly full, and agents are stopped. */
const LEAST_FREE_BYTES = 256 * 1024 * 1024;
const DISK_EVERY_MS = 3_000;
const PATIENCE_MS = 1_000;
/** How often a run that waits for a forge looks whether it has opened. */
const LOOK_MS = 1_000;

export function createSecondHalf(half: SecondHalf): Worker {
  const { parts, settings, narrowed, chooseRuntime, now, forges, logs, ...given } = half;
  const { config, agent, redact, secretValues, learnSecrets } = settings;
  const { runtimes } = parts;
  const forgeOpen = (name: string) => !given.closedForges().includes(name);
  return createWorker({
    ...given,
    ...parts,
    config,
    forge: (name) => named(forges, name),
    forgeOpen,
    async forgeOpened(name, signal) {
      while (!forgeOpen(name) && !signal.aborted) {
        await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
      }
    },
    agent,
    runtimeFor: chooseRuntime,
    runtimeNamed: (name) => named(runtimes, name),
    runtimes: () => [...runtimes.values()],
    logFile: (run) => join(logs, `${run.id}.${run.attempt}.log`),
    redact,
    disk: createDiskGuard({
      root: config().workspaceRoot,
      leastFree: LEAST_FREE_BYTES,
      everyMs: DISK_EVERY_MS,
      path: config().baseEnv.PATH ?? "",
    }),
    secretValues,
    learnSecrets,
    draft: async (run, forge) => (await narrowed(run.repo, forge)).draft,
    leaseMs: config().leaseMs,
    patienceMs: PATIENCE_MS,
    now,
    ticks: () => performance.now(),
    newId: randomUUID,
  });
}
