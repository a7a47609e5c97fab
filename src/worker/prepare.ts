/** First step of a run: the repository fetched, the workspace laid, the prompt written. Touches nothing on the forge. */
import type { Agent } from "../agents/agent.ts";
import type { PermissionConfig } from "../config/config.ts";
import type { Access, Forge } from "../forges/forge.ts";
import type { Actor, Run } from "../model/run.ts";
import type { Prompt } from "../prompt/prompts.ts";
import { preparingStatus } from "../report/status.ts";
import type { Runtime } from "../runtimes/runtime.ts";
import type { Prepared } from "../workspace/workspaces.ts";
import type { WorkDeps } from "./deps.ts";
import type { Job } from "./job.ts";
import { takeBackLogins } from "./logins.ts";
import { lastWorkedHere } from "./lost.ts";
import { pullOf } from "./pull-of.ts";

export interface Ready {
  readonly agent: Agent;
  readonly runtime: Runtime;
  readonly prepared: Prepared;
  readonly prompt: Prompt;
}

export async function prepare(job: Job, deps: WorkDeps): Promise<Ready> {
  const { run } = job;
  await deps.live.update(run, preparingStatus(run));
  const forge = deps.forge(run.repo.forge);
  const agent = deps.agent(run.pool);
  const runtime = await deps.runtimeFor(agent);
  await stopLeftovers(run, runtime, deps);
  const repository = await forge.repository(run.repo);
  const pull = await pullOf(run, forge);
  const prepared = await deps.workspaces.prepare({
    run,
    defaultBranch: repository.defaultBranch,
    credential: await forge.gitCredential(run.repo),
    pull,
    signal: job.interrupted,
    keep: run.attempt > 1 && (await lastWorkedHere(run, deps)),
  });
  const prompt = await deps.prompts.build({
    run,
    mode: agent.mode(run.model),
    branch: prepared.workspace.branch,
    base: prepared.workspace.base,
    recentCommits: prepared.recentCommits,
    instructions: prepared.instructions,
    comments: await discussion(run, forge, deps.config().permission),
    strangers: deps.config().permission.strangersComments,
    nonce: deps.newId(),
  });
  job.interrupted.throwIfAborted();
  return { agent, runtime, prepared, prompt };
}

/**
 * A start that was not recorded before a crash: two agents of one run must never work at once. Before anything else
 * of the new attempt, for whatever of it may fail, nobody would look for that agent again.
 */
async function stopLeftovers(run: Run, runtime: Runtime, deps: WorkDeps): Promise<void> {
  for (const handle of await runtime.list()) {
    if (handle.runId !== run.id) continue;
    deps.log.warn({ run: run.id, ref: handle.ref }, "stopping an agent whose start was not recorded");
    await runtime.stop(handle, deps.config().limits.graceMs);
    takeBackLogins(run, deps.workspaces.foldersOf(run), deps);
    await runtime.remove(handle);
  }
}

export interface Voice {
  readonly author: string;
  readonly body: string;
  readonly at: number;
  readonly trusted: boolean;
}

/**
 * The comments as they stood at the trigger, by people who may write. What was written or edited later is left out:
 * nobody may slip a sentence in after a maintainer said go.
 */
export async function discussion(
  run: Run,
  forge: Forge,
  permission: Pick<PermissionConfig, "trustedWriters">,
): Promise<readonly Voice[]> {
  const self = await forge.self();
  const trust = new Map<number, boolean>();
  const voices: Voice[] = [];
  for (const comment of await forge.comments(run.repo, run.issue.number)) {
    if (comment.id === run.trigger.commentId || comment.author.id === self.id) continue;
    if (comment.createdAt > run.trigger.at || comment.updatedAt > run.trigger.at) continue;
    let trusted = trust.get(comment.author.id);
    if (trusted === undefined) {
      trusted = isTrusted(await forge.access(run.repo, comment.author), comment.author, permission);
      trust.set(comment.author.id, trusted);
    }
    voices.push({ author: comment.author.login, body: comment.body, at: comment.createdAt, trusted });
  }
  return voices;
}

/** As at the gate: where the forge may not be asked, the admin's list counts. Forges do not tell logins by case. */
function isTrusted(
  { level }: Access,
  { login }: Actor,
  { trustedWriters }: Pick<PermissionConfig, "trustedWriters">,
): boolean {
  const listed = () => trustedWriters.some((known) => known.toLowerCase() === login.toLowerCase());
  return level === "write" || (level === "unknown" && listed());
}
