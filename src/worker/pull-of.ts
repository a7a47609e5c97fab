/** The pull request a run is on: the one place that says whether one can be worked on, for runs and dry runs alike. */
import type { Forge, PullRequest } from "../forges/forge.ts";
import { Refusal } from "../model/errors.ts";
import { type Run, repoName } from "../model/run.ts";

/** Null for a run on an issue. Refuses a closed pull request. */
export async function pullOf(run: Run, forge: Forge): Promise<PullRequest | null> {
  if (!run.issue.isPull) return null;
  const pull = await forge.pull(run.repo, run.issue.number);
  if (pull.open) return pull;
  throw new Refusal(
    `pull request #${pull.number} of ${repoName(run.repo)} is closed`,
    "Reopen it, or dispatch on an issue.",
  );
}
