/** A dry run: the prompt a run would begin with, from the mirror alone. Makes no checkout and touches no forge. */
import type { Agent } from "../agents/agent.ts";
import type { Config } from "../config/config.ts";
import type { Forge } from "../forges/forge.ts";
import type { Run } from "../model/run.ts";
import type { Prompts } from "../prompt/prompts.ts";
import type { Workspaces } from "../workspace/workspaces.ts";
import { discussion } from "./prepare.ts";
import { pullOf } from "./pull-of.ts";

export interface PreviewDeps {
  readonly agent: (pool: string) => Agent;
  readonly workspaces: Workspaces;
  readonly prompts: Prompts;
  readonly config: () => Config;
  readonly newId: () => string;
}

export interface Preview {
  readonly prompt: string;
  readonly workspace: string;
}

export function createPreview(deps: PreviewDeps): (run: Run, forge: Forge) => Promise<Preview> {
  return async (run, forge) => {
    const seen = await deps.workspaces.preview({
      run,
      defaultBranch: (await forge.repository(run.repo)).defaultBranch,
      credential: await forge.gitCredential(run.repo),
      pull: await pullOf(run, forge),
      signal: AbortSignal.timeout(120_000),
      keep: false,
    });
    const prompt = await deps.prompts.build({
      run,
      mode: deps.agent(run.pool).mode(run.model),
      branch: seen.workspace.branch,
      base: seen.workspace.base,
      recentCommits: seen.recentCommits,
      instructions: seen.instructions,
      comments: await discussion(run, forge, deps.config().permission),
      strangers: deps.config().permission.strangersComments,
      nonce: deps.newId(),
    });
    return { prompt: prompt.text, workspace: seen.workspace.dir };
  };
}
