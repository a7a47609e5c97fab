/**
 * Makes a run's checkout, whole or not at all: its own copy of the mirror's objects (no hard links, no alternates), the commit to start
 * from on the run's branch, and a `.git/config` with the bot's identity, the plain URL and no credential. It runs
 * git in the checkout only before an agent has seen it.
 *
 * Writing a big tree takes seconds, so a spare one may be kept per repository: made in the background after a run
 * has taken the last, at the price of one more working tree and copy of the objects on disk. A spare is made aside
 * and renamed into place when whole, and taken by a rename too, so a crash leaves none or a good one.
 */
import { rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { RepoRef } from "../model/run.ts";
import { exists, type Folders } from "./folders.ts";
import type { Git } from "./git.ts";
import { repoPath } from "./names.ts";

const SPARES = ".spares";
/** Beside the checkout to be: a crash leaves this, never half a checkout. */
const UNFINISHED = ".unfinished";
const CLONE = ["clone", "--quiet", "--no-checkout", "--template=", "--origin=origin"] as const;

export interface CheckoutRequest {
  readonly repo: RepoRef;
  readonly mirror: string;
  /** Goes into the checkout's config, so it holds no credential. */
  readonly url: string;
  /** The folder to make; it does not exist yet. */
  readonly dir: string;
  readonly branch: string;
  readonly sha: string;
  /** A ref of the mirror, besides branches and tags, that holds `sha`. */
  readonly extraRef: string | null;
  readonly signal: AbortSignal;
}

export interface Checkouts {
  make(request: CheckoutRequest): Promise<void>;
  /** Begins a spare in the background when the repository has none; never rejects. */
  prepareSpare(request: Pick<CheckoutRequest, "repo" | "mirror" | "url" | "sha">): void;
  /** Resolves when no spare is being made. */
  idle(): Promise<void>;
}

export interface CheckoutOptions {
  readonly git: Git;
  readonly folders: Folders;
  readonly author: { readonly name: string; readonly email: string };
  readonly spares: boolean;
  readonly warn: (message: string) => void;
}

export function createCheckouts(options: CheckoutOptions): Checkouts {
  const { git, folders } = options;
  const making = new Map<string, Promise<void>>();

  const make = async (request: CheckoutRequest) => {
    const unfinished = join(dirname(request.dir), UNFINISHED);
    await folders.discard(unfinished);
    await fillFolder({ ...request, dir: unfinished });
    await rename(unfinished, request.dir);
  };

  const fillFolder = async (request: CheckoutRequest) => {
    const { dir, signal } = request;
    if (options.spares && (await takeSpare(request))) {
      try {
        await update(git, request);
        await switchTo(git, request);
        return;
      } catch (error) {
        signal.throwIfAborted();
        options.warn(`using the spare of ${repoPath(request.repo)}: ${error}; a fresh clone is made instead`);
        await folders.discard(dir);
      }
    }
    await clone(options, request, dir, signal);
    if (request.extraRef) await update(git, request);
    await switchTo(git, request);
  };

  const takeSpare = async (request: CheckoutRequest) => {
    try {
      await rename(join(await folders.own(SPARES, repoPath(request.repo)), "ready"), request.dir);
      return true;
    } catch {
      return false;
    }
  };

  const makeSpare = async (request: Pick<CheckoutRequest, "repo" | "mirror" | "url" | "sha">) => {
    const place = await folders.own(SPARES, repoPath(request.repo));
    const [ready, unfinished] = [join(place, "ready"), join(place, UNFINISHED)];
    if (await exists(ready)) return;
    await folders.discard(unfinished);
    await clone(options, request, unfinished);
    const args = ["checkout", "--quiet", "--force", "--detach", request.sha] as const;
    await git(args, { cwd: unfinished, background: true });
    await rename(unfinished, ready);
  };

  return {
    make,
    prepareSpare: (request) => {
      const key = repoPath(request.repo);
      if (!options.spares || making.has(key)) return;
      const done = makeSpare(request)
        .catch((error) => options.warn(`making a spare checkout of ${key}: ${error}`))
        .finally(() => making.delete(key));
      making.set(key, done);
    },
    idle: async () => {
      await Promise.all(making.values());
    },
  };
}

async function clone(
  { git, author }: CheckoutOptions,
  request: Pick<CheckoutRequest, "mirror" | "url">,
  dir: string,
  signal?: AbortSignal,
): Promise<void> {
  const settings = [
    ["user.name", author.name],
    ["user.email", author.email],
    // Git is to use the bot's identity or none, never one made up from the machine's names.
    ["user.useConfigOnly", "true"],
  ].flatMap(([key, value]) => ["--config", `${key}=${value}`]);
  const call = { cwd: dirname(dir), signal, background: signal === undefined };
  await git([...CLONE, "--no-hardlinks", ...settings, "--", request.mirror, dir], call);
  await git(["config", "remote.origin.url", request.url], { ...call, cwd: dir });
}

/** Brings what the mirror has learnt since into a checkout no agent has seen. */
async function update(git: Git, { dir, mirror, extraRef, signal }: CheckoutRequest): Promise<void> {
  const refspecs = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"];
  if (extraRef) refspecs.push(`+${extraRef}:${extraRef}`);
  const flags = ["--quiet", "--prune", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"];
  await git(["fetch", ...flags, "--", mirror, ...refspecs], { cwd: dir, signal });
}

async function switchTo(git: Git, { dir, branch, sha, signal }: CheckoutRequest): Promise<void> {
  const args = ["--quiet", "--force", "--no-track", "-B", branch, sha] as const;
  await git(["checkout", ...args], { cwd: dir, signal });
}
