/**
 * Git's part in making a checkout from a mirror. Runs git inside the checkout, so it is only for checkouts no agent
 * has seen yet. The copy has objects of its own: no hard links, no alternates.
 */
import { dirname } from "node:path";
import { GitError } from "./explain.ts";
import type { Folders } from "./folders.ts";
import type { Git } from "./git.ts";

const CLONE = ["clone", "--quiet", "--no-checkout", "--template=", "--origin=origin"] as const;
const FETCH = [
  "fetch",
  "--quiet",
  "--prune",
  "--no-tags",
  "--no-write-fetch-head",
  "--no-recurse-submodules",
] as const;
const ATTRIBUTES = ":(top,glob)**/.gitattributes";

export interface CloneRequest {
  readonly git: Git;
  readonly folders: Folders;
  readonly author: { readonly name: string; readonly email: string };
  readonly mirror: string;
  /** Goes into the checkout's config, so it holds no credential. */
  readonly url: string;
  readonly dir: string;
  /** Left out in the background, where the machine's other work goes first. */
  readonly signal?: AbortSignal;
}

/** Makes `dir` a clone of the mirror with the bot's identity, and no files yet. */
export async function clone(request: CloneRequest): Promise<void> {
  const { git, folders, author, mirror, url, dir, signal } = request;
  const settings = [
    ["user.name", author.name],
    ["user.email", author.email],
    // Git is to use the bot's identity or none, never one made up from the machine's names.
    ["user.useConfigOnly", "true"],
  ].flatMap(([key, value]) => ["--config", `${key}=${value}`]);
  const call = { cwd: dirname(dir), signal, background: signal === undefined };
  const cloneBy = (how: string) => git([...CLONE, how, ...settings, "--", mirror, dir], call);
  try {
    await cloneBy("--no-hardlinks");
  } catch (error) {
    // Copying files is fast, but a mirror tidied at the same moment may lose one under it; asking git for them is safe.
    if (!(error instanceof GitError)) throw error;
    await folders.discard(dir);
    await cloneBy("--no-local");
  }
  await git(["config", "remote.origin.url", url], { ...call, cwd: dir });
}

export interface UpdateRequest {
  readonly git: Git;
  readonly mirror: string;
  readonly dir: string;
  /** A ref of the mirror besides branches and tags, or null. */
  readonly extraRef: string | null;
  readonly signal: AbortSignal;
}

/** Brings what the mirror has learnt since. */
export async function update({ git, mirror, dir, extraRef, signal }: UpdateRequest): Promise<void> {
  const refspecs = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"];
  if (extraRef) refspecs.push(`+${extraRef}:${extraRef}`);
  await git([...FETCH, "--", mirror, ...refspecs], { cwd: dir, signal });
}

export interface SwitchRequest {
  readonly git: Git;
  readonly dir: string;
  readonly sha: string;
  /** Null leaves the checkout on no branch. */
  readonly branch: string | null;
  readonly signal?: AbortSignal;
}

/** Writes the files of a commit, and stands on the branch. */
export async function switchTo({ git, dir, sha, branch, signal }: SwitchRequest): Promise<void> {
  const where = branch === null ? ["--detach"] : ["--no-track", "-B", branch];
  const call = { cwd: dir, signal, background: signal === undefined };
  await git(["checkout", "--quiet", "--force", ...where, sha], call);
}

/**
 * Whether the files of HEAD, written under its attributes, are what a commit's own attributes would have written:
 * git does not rewrite a file for a new rule on line ends.
 */
export async function hasSameAttributes({
  git,
  dir,
  sha,
  signal,
}: Omit<SwitchRequest, "branch">): Promise<boolean> {
  const args = ["diff-tree", "--quiet", "-r", "HEAD", sha, "--", ATTRIBUTES] as const;
  return (await git(args, { cwd: dir, signal, accept: [1] })).code === 0;
}
