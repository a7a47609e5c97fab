/**
 * The doctor put together. Its trial agents are kept apart from the server's runs: their records, and the store that an
 * application must have, are in a folder of the doctor's own. That folder lies among the workspaces, so that engines
 * see it as they see runs' folders, and nothing of it is left. The server may run meanwhile.
 */
import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import type { Config } from "../config/config.ts";
import { type DoctorDeps, type DoctorOptions, examine, type Progress } from "../doctor/doctor.ts";
import { createApp } from "../index.ts";
import type { Diagnosis } from "../model/finding.ts";
import type { Property } from "../runtimes/runtime.ts";
import { runEnvironment } from "../supervisor/env.ts";
import { writeLaunchFiles } from "../supervisor/launch-files.ts";
import { lend } from "../supervisor/logins.ts";
import { demandsOf } from "../worker/demands.ts";
import { isConfined } from "../worker/runtimes.ts";
import { openStore } from "./open-store.ts";

export interface Doctoring {
  readonly log: Logger;
  readonly now: () => number;
  readonly surroundings: DoctorDeps["surroundings"];
  /** Ends it early, with all that it started. */
  readonly signal: AbortSignal;
}

export async function doctor(
  config: Config,
  options: DoctorOptions,
  progress: Progress,
  { log, now, surroundings, signal }: Doctoring,
): Promise<Diagnosis> {
  const id = `doctor-${randomUUID().slice(0, 8)}`;
  const root = join(config.workspaceRoot, `.${id}`);
  await mkdir(root, { recursive: true, mode: 0o700 });
  const trial = { ...config, role: "all", databaseUrl: null, dataDir: join(root, "state") } as const;
  const open = () => createApp(trial, { log, now, worker: id });
  try {
    const [app, again] = [await open(), await open()];
    let count = 0;
    const deps: DoctorDeps = {
      config,
      forges: [...app.forges.values()],
      agents: [...app.agents().values()],
      runtimes: app.runtimes,
      reopened: again.runtimes,
      runtimeFor: app.runtimeFor,
      demandsOn: (runtime) => demandsOn(runtime, config),
      openStore: () => openStore(config, { now, log }),
      equip: async (agent, spec, { folders, paths, runId }) => {
        await writeLaunchFiles(spec.files, folders);
        const settings = config.agents[agent.name];
        return runEnvironment({
          base: config.baseEnv,
          spec,
          secrets: config.secrets,
          extraSecretNames: settings?.secretEnv ?? [],
          home: paths.home,
          git: config.git,
          runId,
          attempt: 1,
          tmp: `${paths.meta}/tmp`,
        });
      },
      requireLogin: (agent) => void lend(agent.name, agent.logins, config.baseEnv.HOME ?? "/nonexistent"),
      bench: {
        root,
        path: config.baseEnv.PATH ?? "/usr/local/bin:/usr/bin:/bin",
        limits: config.limits,
        confined: config.defaults.confined,
        newId: () => `${id}-${++count}`,
        isOurs: (runId) => runId.startsWith(`${id}-`),
      },
      surroundings,
      fetch,
      now,
    };
    try {
      // What is being tried ends with its agent.
      signal.addEventListener("abort", () => void endTrials(deps), { once: true });
      return await examine(deps, options, progress, signal);
    } finally {
      await endTrials(deps);
      await Promise.all([app, again].map((one) => one.stop({ agents: "stop" })));
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

function demandsOn(runtime: string, config: Config): ReadonlySet<Property> {
  const agents = Object.values(config.agents).filter(({ enabled }) => enabled);
  const asked = agents.flatMap((agent) => demandsOf(agent, config).map(({ property }) => property));
  const hidden = runtime !== "native" || agents.some(({ name }) => isConfined(name, config));
  return new Set<Property>([...asked, ...(hidden ? (["files"] as const) : [])]);
}

/** What a step left that took too long, or was stopped. */
async function endTrials({ runtimes, bench }: DoctorDeps): Promise<void> {
  for (const runtime of runtimes.values()) {
    const known = await runtime.list().catch(() => []);
    for (const handle of known.filter(({ runId }) => bench.isOurs(runId))) {
      await runtime.remove(handle).catch(() => {});
    }
  }
}
