/**
 * Turns what an agent did into one commit the bot can push: its commits, then one of the bot's for what it left
 * uncommitted. Everything lands in a bare repository of the run's own that borrows the mirror's objects, so that an
 * agent's objects never enter the mirror. Doing it again gives the same commit: its date is the end of the run, and
 * what was pushed for the run already is not made again.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunFolders } from "../model/folders.ts";
import type { Run, RunWorkspace } from "../model/run.ts";
import { takeHead } from "./agent-head.ts";
import { MAX_BLOB_BYTES, tooBig, treeWithEdits } from "./edits.ts";
import type { Git } from "./git.ts";
import { make } from "./mirror.ts";
import { renew } from "./pushed.ts";

const ON_TOP =
  "Work of an earlier attempt was pushed already, so what came after is one commit on top of it.";

export interface Identity {
  readonly name: string;
  readonly email: string;
}

export interface CollectRequest {
  readonly run: Run;
  readonly workspace: RunWorkspace;
  readonly folders: RunFolders;
  /** Of the bot's commit, for what the agent left uncommitted. */
  readonly message: string;
  readonly coauthor: Identity | null;
  readonly signal: AbortSignal;
}

/** Files and lines are of the whole diff against the base. */
export interface Collected {
  readonly sha: string;
  readonly files: number;
  readonly added: number;
  readonly removed: number;
  readonly commits: number;
  /** What people should know of how it was taken, as a sentence; null when there is nothing to say. */
  readonly note: string | null;
}

export interface CollectOptions {
  readonly git: Git;
  /** The repository's mirror. */
  readonly mirror: string;
  /** The run's own bare repository; of what is left in it, only what was pushed stays. */
  readonly gitDir: string;
  readonly author: Identity;
  /** Epoch milliseconds; dates the commit of a run that has no recorded end. */
  readonly now: () => number;
}

/** Null when the files are as they were at the base. Refuses what is too much to publish. */
export async function collect(options: CollectOptions, request: CollectRequest): Promise<Collected | null> {
  const { git, gitDir } = options;
  const { workspace, folders, signal } = request;
  const base = workspace.baseSha;
  const pushed = await openRunRepository(options, request);
  const call = { cwd: gitDir, gitDir, signal };

  const taken = await takeHead(git, folders.checkout, gitDir, signal);
  const { parent, head, note } = await place(git, call, { base, pushed, taken });
  if (head !== base) await refuseBigBlobs(git, call, base, head);
  const tree = await treeWithEdits({ git, gitDir, checkout: folders.checkout, head, base, signal });
  if (tree === (await treeOf(git, call, base))) return null;
  const unchanged = tree === (await treeOf(git, call, parent));
  const sha = unchanged ? parent : await commit(options, request, call, tree, parent);
  // So that nothing of it is ever taken for garbage.
  await git(["update-ref", "refs/agent/work", sha], call);
  return { sha, ...(await measure(git, call, base, sha)), note: unchanged && note === ON_TOP ? null : note };
}

interface Call {
  readonly cwd: string;
  readonly gitDir: string;
  readonly signal: AbortSignal;
}

/** Resolves with the commit that was pushed for the run before, if any. */
async function openRunRepository(
  { git, gitDir, mirror }: CollectOptions,
  { workspace, signal }: CollectRequest,
): Promise<string | null> {
  const open = async () => {
    await make(gitDir, git);
    const info = join(gitDir, "objects", "info");
    await mkdir(info, { recursive: true });
    await writeFile(join(info, "alternates"), `${join(mirror, "objects")}\n`);
  };
  return await renew({ git, gitDir, branch: workspace.branch, base: workspace.baseSha, make: open, signal });
}

interface Commits {
  readonly base: string;
  readonly pushed: string | null;
  /** What the agent left as HEAD. */
  readonly taken: string | null;
}

/** `head` is where the files are compared with; `parent` what a new commit stands on. */
async function place(git: Git, call: Call, { base, pushed, taken }: Commits) {
  const start = pushed ?? base;
  if (taken === null) {
    const note = "The agent's git history could not be read, so its files are taken as one commit.";
    return { head: base, parent: start, note };
  }
  if (await isAncestor(git, call, start, taken)) return { head: taken, parent: taken, note: null };
  if (await isAncestor(git, call, base, taken)) {
    const note =
      "Work of an earlier attempt was pushed already, so what came after is one commit on top of it.";
    return { head: taken, parent: start, note };
  }
  const note = "The agent had rewritten the history it started from, so its work is taken as one commit.";
  return { head: taken, parent: start, note };
}

async function isAncestor(git: Git, call: Call, older: string, newer: string): Promise<boolean> {
  return (await git(["merge-base", "--is-ancestor", older, newer], { ...call, accept: [1] })).code === 0;
}

async function refuseBigBlobs(git: Git, call: Call, base: string, head: string): Promise<void> {
  const list = await git(["rev-list", "--objects", head, `^${base}`], call);
  const format = "--batch-check=%(objectsize) %(objecttype) %(rest)";
  const sizes = await git(["cat-file", format], { ...call, input: list.stdout });
  for (const line of sizes.stdout.toString("latin1").split("\n")) {
    const [size, type, ...path] = line.split(" ");
    if (type === "blob" && Number(size) > MAX_BLOB_BYTES) throw tooBig(path.join(" "));
  }
}

async function treeOf(git: Git, call: Call, sha: string): Promise<string> {
  return (await git(["rev-parse", "--verify", `${sha}^{tree}`], call)).text;
}

async function commit(
  { git, author, now }: CollectOptions,
  { run, message, coauthor }: CollectRequest,
  call: Call,
  tree: string,
  parent: string,
): Promise<string> {
  const date = `${Math.floor((run.endedAt ?? now()) / 1000)} +0000`;
  const trailer = coauthor ? `\n\nCo-authored-by: ${plain(coauthor.name)} <${plain(coauthor.email)}>` : "";
  const answer = await git(["commit-tree", tree, "-p", parent, "-F", "-"], {
    ...call,
    input: `${message.trim()}${trailer}\n`,
    env: {
      GIT_AUTHOR_NAME: author.name,
      GIT_AUTHOR_EMAIL: author.email,
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_NAME: author.name,
      GIT_COMMITTER_EMAIL: author.email,
      GIT_COMMITTER_DATE: date,
    },
  });
  return answer.text;
}

/** Nothing that could end the trailer or begin another. */
function plain(text: string): string {
  return text.replace(/[<>\p{Cc}]/gu, "").trim();
}

async function measure(git: Git, call: Call, base: string, sha: string) {
  const flags = ["-r", "-z", "--numstat", "--no-renames", "--no-ext-diff", "--no-textconv"] as const;
  const diff = await git(["diff-tree", ...flags, base, sha], call);
  const count = await git(["rev-list", "--count", sha, `^${base}`], call);
  let [files, added, removed] = [0, 0, 0];
  for (const line of diff.stdout.toString("latin1").split("\0")) {
    const [plus, minus] = line.split("\t");
    if (plus === undefined || minus === undefined) continue;
    files += 1;
    // Binary files have dashes here.
    added += Number(plus) || 0;
    removed += Number(minus) || 0;
  }
  return { files, added, removed, commits: Number(count.text) };
}
