/**
 * Pushes a run's collected commit: from the bot's own repository to the address the forge gave, one commit to one
 * branch, never by force. Whether it holds a secret is asked before, of `find-secret.ts`.
 */
import type { GitCredential } from "../forges/forge.ts";
import { Refusal } from "../model/errors.ts";
import type { Git } from "./git.ts";
import { rememberPush } from "./pushed.ts";

const SHA = /^[0-9a-f]{40}$/;

export interface PushRequest {
  readonly git: Git;
  readonly gitDir: string;
  readonly branch: string;
  readonly sha: string;
  readonly credential: GitCredential;
  readonly signal: AbortSignal;
}

/** There already is fine. Refuses when others have pushed in between, or the forge does. */
export async function push({ git, gitDir, branch, sha, credential, signal }: PushRequest): Promise<void> {
  await checkBranch(git, gitDir, branch);
  if (!SHA.test(sha)) throw new Error(`${JSON.stringify(sha)} is no commit`);
  const flags = ["--quiet", "--no-verify", "--no-follow-tags", "--no-signed", "--recurse-submodules=no"];
  const refspec = `${sha}:refs/heads/${branch}`;
  await git(["push", ...flags, "--", credential.url, refspec], { cwd: gitDir, gitDir, credential, signal });
  await rememberPush(git, gitDir, branch, sha);
}

/** Refuses what git would not take as a branch, or would take as an option. */
export async function checkBranch(git: Git, cwd: string, branch: string): Promise<void> {
  const args = ["check-ref-format", `refs/heads/${branch}`] as const;
  const { code } = await git(args, { cwd, accept: [1] });
  if (code === 0 && !branch.startsWith("-")) return;
  throw new Refusal(
    `using the branch ${JSON.stringify(branch)}: git allows no such name`,
    "Name another branch.",
  );
}
