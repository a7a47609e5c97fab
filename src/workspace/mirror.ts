/**
 * The bot's own bare copy of each repository, kept up to date by fetching what is new. Runs that come at the same
 * time share one fetch. No agent ever sees a mirror; checkouts are copied from it, and what agents made is collected
 * in bare repositories beside it that only borrow its objects.
 */
import { lstat, mkdir, rm, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { GitCredential } from "../forges/forge.ts";
import { Refusal } from "../model/errors.ts";
import type { RepoRef, Run } from "../model/run.ts";
import { GitError } from "./explain.ts";
import type { Git } from "./git.ts";
import { diskRefusal, exists } from "./inside.ts";
import { repoPath, runName } from "./names.ts";
import { createShare } from "./share.ts";

const FETCH_TIMEOUT_MS = 30 * 60_000;
const FETCH = [
  "fetch",
  "--quiet",
  "--prune",
  "--no-tags",
  "--no-recurse-submodules",
  "--no-write-fetch-head",
  "--no-show-forced-updates",
  "--end-of-options",
] as const;
const TIDY_TIMEOUT_MS = 60 * 60_000;
const TIDY = { "gc.auto": "3000", "gc.autoPackLimit": "40", "gc.autoDetach": "false" };
const EVERYTHING = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];

/** Full names of branches and tags → the commit each stands for. */
export type Refs = ReadonlyMap<string, string>;

export interface Mirrors {
  dirFor(repo: RepoRef): string;
  /** Brings all branches and tags up to what the remote has now; resolves with them. */
  refresh(repo: RepoRef, credential: GitCredential, signal: AbortSignal): Promise<Refs>;
  /** Fetches a pull request's head, wherever it lives; resolves with its commit. */
  pullHead(repo: RepoRef, pull: number, credential: GitCredential, signal: AbortSignal): Promise<string>;
  /** The commit a ref or commit's name stands for in the mirror as it is; null when it knows none. */
  resolve(repo: RepoRef, name: string): Promise<string | null>;
  /** Keeps a commit from being pruned while a run builds on it. */
  pin(run: Pick<Run, "id" | "repo">, sha: string): Promise<void>;
  unpin(run: Pick<Run, "id" | "repo">): Promise<void>;
  /** Packs what many fetches have left, when it is much; at low priority, beside everything else. */
  tidy(repo: RepoRef): Promise<void>;
}

/** `now` dates the last use of a mirror: see `usedAt`. */
export function createMirrors(root: string, git: Git, now: () => number): Mirrors {
  const dirFor = (repo: RepoRef) => join(root, `${repoPath(repo)}.git`);
  const share = createShare();

  const fetchInto = async (dir: string, credential: GitCredential, refspecs: readonly string[]) => {
    checkUrl(credential.url);
    await make(dir, git);
    await git([...FETCH, credential.url, ...refspecs], {
      cwd: dir,
      gitDir: dir,
      credential,
      timeoutMs: FETCH_TIMEOUT_MS,
    });
  };

  /** A mirror that git cannot make sense of (a crash amid writing) is only a copy: made anew, once. */
  const fetchOrRebuild = async (dir: string, credential: GitCredential) => {
    const known = await exists(dir);
    try {
      await fetchInto(dir, credential, EVERYTHING);
    } catch (error) {
      if (!known || !(error instanceof GitError)) throw error;
      await rm(dir, { recursive: true, force: true });
      await fetchInto(dir, credential, EVERYTHING);
    }
  };

  const resolve = async (dir: string, name: string) => {
    const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`] as const;
    const answer = await git(args, { cwd: dir, gitDir: dir, accept: [1, 128] });
    return answer.code === 0 ? answer.text : null;
  };

  return {
    dirFor,
    refresh: async (repo, credential, signal) => {
      const dir = dirFor(repo);
      await share(dir, signal, () => fetchOrRebuild(dir, credential));
      await utimes(join(dir, "HEAD"), now() / 1000, now() / 1000);
      return readRefs(dir, git);
    },
    pullHead: async (repo, pull, credential, signal) => {
      const dir = dirFor(repo);
      const ref = `refs/pull/${pull}`;
      const fetch = () => fetchInto(dir, credential, [`+refs/pull/${pull}/head:${ref}`]);
      await share(`${dir} ${ref}`, signal, fetch);
      const sha = await resolve(dir, ref);
      if (sha === null) throw new Error(`${ref} was fetched but is not there`);
      return sha;
    },
    resolve: async (repo, name) => ((await exists(dirFor(repo))) ? await resolve(dirFor(repo), name) : null),
    pin: async (run, sha) => {
      const dir = dirFor(run.repo);
      await git(["update-ref", `refs/runs/${runName(run)}`, sha], { cwd: dir, gitDir: dir });
    },
    unpin: async (run) => {
      const dir = dirFor(run.repo);
      if (!(await exists(dir))) return;
      await git(["update-ref", "-d", `refs/runs/${runName(run)}`], { cwd: dir, gitDir: dir });
    },
    tidy: async (repo) => {
      const dir = dirFor(repo);
      const call = { cwd: dir, gitDir: dir, config: TIDY, timeoutMs: TIDY_TIMEOUT_MS, background: true };
      await git(["gc", "--auto", "--quiet"], call);
    },
  };
}

/** When a mirror was last brought up to date, in epoch milliseconds; a fetch that brings nothing new writes nothing. */
export async function usedAt(dir: string): Promise<number> {
  return (await lstat(join(dir, "HEAD")).catch(() => lstat(dir))).mtimeMs;
}

/** Makes a bare repository with nothing of the machine's templates in it; one that is there is left alone. */
export async function make(dir: string, git: Git): Promise<void> {
  if (await exists(join(dir, "HEAD"))) return;
  try {
    await mkdir(dirname(dir), { recursive: true });
  } catch (error) {
    throw diskRefusal(dir, error);
  }
  await git(["init", "--quiet", "--bare", "--template=", "--end-of-options", dir], { cwd: dirname(dir) });
}

function checkUrl(url: string): void {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol) || parsed.username || parsed.password) {
    throw new Refusal(
      "running git fetch: the repository's address is no plain http(s) URL",
      "Set the forge's URL.",
    );
  }
}

async function readRefs(dir: string, git: Git): Promise<Refs> {
  const format = "--format=%(refname)%00%(objectname)%00%(*objectname)";
  const { text } = await git(["for-each-ref", format, "refs/heads", "refs/tags"], { cwd: dir, gitDir: dir });
  const refs = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [name, object, peeled] = line.split("\0");
    if (name && object) refs.set(name, peeled || object);
  }
  return refs;
}
