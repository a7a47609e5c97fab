/**
 * Turns what an agent did into one commit the bot can push: its commits, then one of the bot's for what it left
 * uncommitted. Everything lands in a bare repository of the run's own that borrows the mirror's objects, so that an
 * agent's objects never enter the mirror. Doing it again gives the same commit: its date is the end of the run.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunFolders } from "../model/folders.ts";
import type { Run, RunWorkspace } from "../model/run.ts";
import { takeHead } from "./agent-head.ts";
import { MAX_BLOB_BYTES, tooBig, treeWithEdits } from "./edits.ts";
import type { Git } from "./git.ts";
import { make } from "./mirror.ts";

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
  /** The run's own bare repository; what an earlier attempt left in it goes. */
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
  await openRunRepository(options);
  const call = { cwd: gitDir, gitDir, signal };

  const taken = await takeHead(git, folders.checkout, gitDir, signal);
  const { parent, head, note } = await place(git, call, base, taken);
  if (head !== base) await refuseBigBlobs(git, call, base, head);
  const tree = await treeWithEdits({ git, gitDir, checkout: folders.checkout, head, base, signal });
  if (tree === (await treeOf(git, call, base))) return null;
  const unchanged = tree === (await treeOf(git, call, parent));
  const sha = unchanged ? parent : await commit(options, request, call, tree, parent);
  // So that nothing of it is ever taken for garbage.
  await git(["update-ref", "refs/agent/work", sha], call);
  return { sha, ...(await measure(git, call, base, sha)), note };
}

interface Call {
  readonly cwd: string;
  readonly gitDir: string;
  readonly signal: AbortSignal;
}

async function openRunRepository({ git, gitDir, mirror }: CollectOptions): Promise<void> {
  await rm(gitDir, { recursive: true, force: true });
  await make(gitDir, git);
  await mkdir(join(gitDir, "objects", "info"), { recursive: true });
  await writeFile(
    join(gitDir, "objects", "info", "alternates"),
    `${join(mirror, "objects")}
`,
  );
}

/** `head` is where the files are compared with; `parent` what a new commit stands on. */
async function place(git: Git, call: Call, base: string, taken: string | null) {
  if (taken === null) {
    const note = "The agent's git history could not be read, so its files are taken as one commit.";
    return { head: base, parent: base, note };
  }
  const { code } = await git(["merge-base", "--is-ancestor", base, taken], { ...call, accept: [1] });
  if (code === 0) return { head: taken, parent: taken, note: null };
  const note = "The agent had rewritten the history it started from, so its work is taken as one commit.";
  return { head: taken, parent: base, note };
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
