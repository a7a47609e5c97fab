/**
 * Turns what an agent did into one commit the bot can push: its commits, made anew as the bot's, then one for what it
 * left uncommitted. Everything lands in a bare repository of the run's own that borrows the mirror's objects, so that an
 * agent's objects never enter the mirror. Doing it again gives the same commit: its date is the end of the run, and
 * what was pushed for the run already is not made again.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { SigningKey } from "../config/config.ts";
import type { RunFolders } from "../model/folders.ts";
import type { Run, RunWorkspace } from "../model/run.ts";
import { takeHead } from "./agent-head.ts";
import { type Identity, type Maker, makeCommit } from "./commit.ts";
import { treeWithEdits } from "./edits.ts";
import type { Git } from "./git.ts";
import { MOST_NAMES, refuseManyFiles } from "./limits.ts";
import { make } from "./mirror.ts";
import { renew } from "./pushed.ts";
import { remake } from "./remake.ts";
import { refuseBadSubmodules } from "./submodules.ts";

/** What people should know of how the work was taken. */
const UNREADABLE = "The agent's git history could not be read, so its files are taken as one commit.";
const REWRITTEN = "The agent had rewritten the history it started from, so its work is taken as one commit.";
const TOO_MANY = "The agent had made more commits than anyone reads, so its work is taken as one commit.";
const FOREIGN = "Commits that named another author are published as the bot's own.";
const ON_TOP =
  "Work of an earlier attempt was pushed already, so what came after is one commit on top of it.";

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
  readonly signing: SigningKey | null;
  /** Epoch milliseconds; dates the commit of a run that has no recorded end. */
  readonly now: () => number;
}

/** Null when the files are as they were at the base. Refuses what is too much to publish. */
export async function collect(options: CollectOptions, request: CollectRequest): Promise<Collected | null> {
  const { git, gitDir } = options;
  const { workspace, folders, signal } = request;
  const base = workspace.baseSha;
  const pushed = await openRunRepository(options, request);
  const call: Call = { cwd: gitDir, gitDir, signal, untrusted: true };

  const maker = { ...options, coauthor: request.coauthor };
  const taken = await takeHead({ git, checkout: folders.checkout, gitDir, base, signal });
  // Before anything is made of it: a million names take long to compare with files.
  if (taken !== null) await refuseManyChanges(git, call, base, taken);
  const { parent, head, note, before } = await place(maker, call, request, { taken, pushed });
  const tree = await treeWithEdits({ git, gitDir, checkout: folders.checkout, head, base, signal });
  if (tree === (await treeOf(git, call, base))) return null;
  const unchanged = tree === (await treeOf(git, call, parent));
  const sha = unchanged ? parent : await commit(maker, call, request, { tree, parent, now: options.now });
  await refuseBadSubmodules(git, call, base, sha);
  // So that nothing of it is ever taken for garbage.
  await git(["update-ref", "refs/agent/work", sha], call);
  return { sha, ...(await measure(git, call, base, sha)), note: unchanged ? before : note };
}

interface Call {
  readonly cwd: string;
  readonly gitDir: string;
  readonly signal: AbortSignal;
  readonly untrusted: true;
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

/** `head` is where the files are compared with; `parent` what a new commit stands on. */
interface Place {
  readonly head: string;
  readonly parent: string;
  readonly note: string | null;
  /** What is to be said instead when nothing has come since the last push. */
  readonly before: string | null;
}

/** `taken` is what the agent left as HEAD, `pushed` what the forge has of the run already. */
async function place(
  maker: Maker,
  call: Call,
  { workspace }: CollectRequest,
  { taken, pushed }: { readonly taken: string | null; readonly pushed: string | null },
): Promise<Place> {
  const { git } = maker;
  const base = workspace.baseSha;
  const start = pushed ?? base;
  const one = (head: string, note: string, before = note) => ({ head, parent: start, note, before });
  if (taken === null) return one(base, UNREADABLE);
  if (!(await isAncestor(git, call, base, taken))) return one(taken, REWRITTEN);
  const remade = await remake(maker, call, workspace, taken);
  if (remade === null) return one(taken, TOO_MANY);
  const note = remade.foreign ? FOREIGN : null;
  if (await isAncestor(git, call, start, remade.sha))
    return { head: taken, parent: remade.sha, note, before: note };
  return { ...one(taken, ON_TOP), before: note };
}

async function isAncestor(git: Git, call: Call, older: string, newer: string): Promise<boolean> {
  return (await git(["merge-base", "--is-ancestor", older, newer], { ...call, accept: [1] })).code === 0;
}

async function treeOf(git: Git, call: Call, sha: string): Promise<string> {
  return (await git(["rev-parse", "--verify", `${sha}^{tree}`], call)).text;
}

/** For what the agent left uncommitted. */
async function commit(
  maker: Maker,
  call: Call,
  { run, message }: CollectRequest,
  { tree, parent, now }: { readonly tree: string; readonly parent: string; readonly now: () => number },
): Promise<string> {
  const date = `${Math.floor((run.endedAt ?? now()) / 1000)} +0000`;
  const dates = { authored: date, committed: date };
  return await makeCommit(maker, call, { tree, parents: [parent], message, ...dates });
}

async function refuseManyChanges(git: Git, call: Call, base: string, sha: string): Promise<void> {
  const flags = ["-r", "-z", "--name-only", "--no-renames"] as const;
  // A tree that holds itself ten times over, ten times, unfolds without end: it is listed no further than that.
  await git(["ls-tree", "-r", "-z", "--name-only", sha], { ...call, noMoreThan: MOST_NAMES });
  const names = await git(["diff-tree", ...flags, base, sha], call);
  refuseManyFiles(names.stdout.toString("latin1").split("\0").length - 1);
}

async function measure(git: Git, call: Call, base: string, sha: string) {
  const flags = ["-r", "-z", "--numstat", "--no-renames", "--no-ext-diff", "--no-textconv"] as const;
  await refuseManyChanges(git, call, base, sha);
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
