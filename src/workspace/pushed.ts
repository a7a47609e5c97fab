/**
 * What was pushed for a run, remembered in its own repository: when a run goes on after its work reached the forge
 * (the pull request could not be opened, say), the next collection builds on that commit instead of standing beside
 * it, where it could only be pushed by force.
 */
import { rename, rm } from "node:fs/promises";
import type { Git } from "./git.ts";
import { exists } from "./inside.ts";

const refOf = (branch: string) => `refs/pushed/${branch}`;

/** To be called once the forge has taken it. */
export async function rememberPush(git: Git, gitDir: string, branch: string, sha: string): Promise<void> {
  await git(["update-ref", refOf(branch), sha], { cwd: gitDir, gitDir });
}

export interface Renewal {
  readonly git: Git;
  readonly gitDir: string;
  readonly branch: string;
  readonly base: string;
  /** Makes the empty repository. */
  readonly make: () => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Makes the run's repository anew with nothing in it but what was pushed to the branch; resolves with that commit,
 * null when nothing was. The old one stands aside until the new one is whole, so a crash forgets nothing.
 */
export async function renew({ git, gitDir, branch, base, make, signal }: Renewal): Promise<string | null> {
  const before = `${gitDir}.before`;
  if (await exists(before)) await rm(gitDir, { recursive: true, force: true });
  else if (await exists(gitDir)) await rename(gitDir, before);
  await make();
  const call = { cwd: gitDir, gitDir, signal };
  const ref = refOf(branch);
  const flags = ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"] as const;
  const pushed = (await exists(before)) ? await commitOf(git, before, ref, signal) : null;
  if (pushed !== null) await git(["fetch", ...flags, "--", before, `+${ref}:${ref}`], call);
  await forgetWork(before);
  if (pushed === null) return null;
  const onBase = await git(["merge-base", "--is-ancestor", base, pushed], { ...call, accept: [1] });
  return onBase.code === 0 ? pushed : null;
}

async function commitOf(git: Git, dir: string, ref: string, signal: AbortSignal): Promise<string | null> {
  const args = ["rev-parse", "--verify", "--quiet", `${ref}^{commit}`] as const;
  const answer = await git(args, { cwd: dir, gitDir: dir, accept: [1, 128], signal });
  return answer.code === 0 ? answer.text : null;
}

/** Renamed first: half a repository must not be taken for one that remembers nothing. */
async function forgetWork(dir: string): Promise<void> {
  if (!(await exists(dir))) return;
  await rm(`${dir}.gone`, { recursive: true, force: true });
  await rename(dir, `${dir}.gone`);
  await rm(`${dir}.gone`, { recursive: true, force: true });
}

/** Removes a run's repository, and what a crash left of an earlier one. */
export async function removeWork(gitDir: string): Promise<void> {
  for (const path of partsOfWork(gitDir)) await rm(path, { recursive: true, force: true });
}

/** The run's repository, and what a crash may leave beside it. */
export function partsOfWork(gitDir: string): readonly string[] {
  return ["", ".before", ".before.gone"].map((end) => `${gitDir}${end}`);
}
