/** First step of a run: the repository fetched, the workspace laid, the prompt written. Touches nothing on the forge. */
import type { Agent } from "../agents/agent.ts";
import type { Forge } from "../forges/forge.ts";
import { Refusal } from "../model/errors.ts";
import { type Run, repoName } from "../model/run.ts";
import type { Prompt } from "../prompt/prompts.ts";
import { preparingStatus, statusEffect } from "../report/status.ts";
import type { Runtime } from "../runtimes/runtime.ts";
import type { Prepared } from "../workspace/workspaces.ts";
import type { WorkDeps } from "./deps.ts";
import type { Job } from "./job.ts";

export interface Ready {
  readonly agent: Agent;
  readonly runtime: Runtime;
  readonly prepared: Prepared;
  readonly prompt: Prompt;
}

export async function prepare(job: Job, deps: WorkDeps): Promise<Ready> {
  const { run } = job;
  await deps.store.addEffects([statusEffect(run, preparingStatus(run))]);
  const forge = deps.forge(run.repo.forge);
  const agent = deps.agent(run.pool);
  const runtime = await deps.runtimeFor(agent);
  const repository = await forge.repository(run.repo);
  const pull = run.issue.isPull ? await forge.pull(run.repo, run.issue.number) : null;
  if (pull && !pull.open) {
    throw new Refusal(
      `pull request #${pull.number} of ${repoName(run.repo)} is closed`,
      "Reopen it, or dispatch on an issue.",
    );
  }
  const prepared = await deps.workspaces.prepare({
    run,
    defaultBranch: repository.defaultBranch,
    credential: await forge.gitCredential(run.repo),
    pull,
    signal: job.interrupted,
    keep: run.attempt > 1,
  });
  const prompt = await deps.prompts.build({
    run,
    mode: agent.mode(run.model),
    branch: prepared.workspace.branch,
    base: prepared.workspace.base,
    recentCommits: prepared.recentCommits,
    instructions: prepared.instructions,
    comments: await discussion(run, forge),
    nonce: deps.newId(),
  });
  job.interrupted.throwIfAborted();
  return { agent, runtime, prepared, prompt };
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
export async function discussion(run: Run, forge: Forge): Promise<readonly Voice[]> {
  const self = await forge.self();
  const trust = new Map<number, boolean>();
  const voices: Voice[] = [];
  for (const comment of await forge.comments(run.repo, run.issue.number)) {
    if (comment.id === run.trigger.commentId || comment.author.id === self.id) continue;
    if (comment.createdAt > run.trigger.at || comment.updatedAt > run.trigger.at) continue;
    let trusted = trust.get(comment.author.id);
    if (trusted === undefined) {
      trusted = (await forge.access(run.repo, comment.author)).level === "write";
      trust.set(comment.author.id, trusted);
    }
    voices.push({ author: comment.author.login, body: comment.body, at: comment.createdAt, trusted });
  }
  return voices;
}
