/** Second step: the agent's files written, the agent started, the run recorded as running with its clock. */

import type { NewEffect } from "../model/effect.ts";
import type { Run } from "../model/run.ts";
import { clearQuestion } from "../outcome/question.ts";
import { preparingStatus, runningStatus } from "../report/status.ts";
import type { RunHandle, StartSpec } from "../runtimes/runtime.ts";
import { ofAnyMachine, runEnvironment } from "../supervisor/env.ts";
import { writeLaunchFiles } from "../supervisor/launch-files.ts";
import type { WorkDeps } from "./deps.ts";
import type { Job } from "./job.ts";
import { lendLogins, takeBackLogins } from "./logins.ts";
import { closeNetwork, openNetwork, type RunNetwork } from "./network.ts";
import type { Ready } from "./prepare.ts";
import { isConfined } from "./runtimes.ts";

export async function launch(job: Job, ready: Ready, deps: WorkDeps): Promise<Run> {
  const { runtime, prepared } = ready;
  job.hidden = ready.prompt.hidden;
  await clearQuestion(prepared.folders.checkout);
  const handle = await start(job.run, ready, deps);
  const startedAt = deps.now();
  job.startedTick = deps.ticks();
  const patch = { workspace: prepared.workspace, handle: JSON.stringify(handle), startedAt };
  try {
    await job.move("running", patch, [stopwatch(job.run)], { detail: deps.name });
  } catch (error) {
    // Not recorded means not ours to leave behind.
    await runtime.stop(handle, deps.config().limits.graceMs);
    takeBackLogins(job.run, prepared.folders, deps);
    await runtime.remove(handle);
    await closeNetwork(job.run, deps);
    throw error;
  }
  const view = { now: startedAt, activity: null, hidden: job.hidden, blocked: [] };
  await deps.live.update(job.run, runningStatus(job.run, view));
  return job.run;
}

async function start(run: Run, ready: Ready, deps: WorkDeps): Promise<RunHandle> {
  const network = await openNetwork(run, ready, deps);
  try {
    const tell = (progress: string) =>
      void deps.live.update(run, preparingStatus(run, progress)).catch(() => {});
    return await ready.runtime.start(await startSpec(run, ready, network, deps), tell);
  } catch (error) {
    await closeNetwork(run, deps);
    throw error;
  }
}

async function startSpec(
  run: Run,
  { agent, runtime, prepared, prompt }: Ready,
  network: RunNetwork,
  deps: WorkDeps,
): Promise<StartSpec> {
  const config = deps.config();
  const settings = config.agents[run.pool];
  const paths = runtime.paths(prepared.folders);
  const spec = agent.launch({
    model: run.model ?? settings?.defaultModel ?? null,
    prompt: prompt.text,
    paths,
    resume: prepared.kept ? run.session : null,
    sessionId: deps.newId(),
    reviewFrom: prepared.reviewFrom,
    endpoint: network.endpoint,
  });
  const logins = lendLogins(agent, prepared.folders, deps);
  await writeLaunchFiles([...spec.files, ...logins], prepared.folders);
  const env = runEnvironment({
    base: runtime.name === "native" ? network.base : ofAnyMachine(network.base),
    spec: {
      env: { ...spec.env, ...network.env },
      // Where there is an endpoint, the provider's keys are behind it.
      secretEnv: network.endpoint === null ? spec.secretEnv : [],
    },
    secrets: config.secrets,
    extraSecretNames: (settings?.secretEnv ?? []).filter(network.mayHave),
    home: paths.home,
    git: config.git,
    runId: run.id,
    attempt: run.attempt,
    tmp: `${paths.meta}/tmp`,
  });
  const { memoryBytes, cpus, pids } = config.limits;
  return {
    runId: run.id,
    attempt: run.attempt,
    argv: network.argv(spec.argv),
    env,
    stdin: spec.stdin,
    folders: prepared.folders,
    limits: { memoryBytes, cpus, pids },
    image: runtime.name === "native" ? null : (settings?.image ?? config.defaults.image),
    gpu: config.defaults.gpu,
    network: network.network,
    visible: network.visible,
    confined: isConfined(run.pool, config),
  };
}

function stopwatch(run: Run): NewEffect {
  const { repo, issue, id, attempt } = run;
  return {
    repo,
    issue: issue.number,
    runId: id,
    key: `stopwatch:${id}:${attempt}`,
    action: { kind: "stopwatch" },
  };
}
