/**
 * Makes a run's checkout, whole or not at all: on the run's branch, with the bot's identity and the plain URL in its
 * `.git/config`, and no credential.
 *
 * Writing a big tree takes seconds, so a spare one may be kept per repository: made in the background after a run
 * has taken the last, at the price of one more working tree and copy of the objects on disk. A spare is made aside
 * and renamed into place when whole, and taken by a rename too, so a crash leaves none or a good one.
 */
import { rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf } from "../model/errors.ts";
import type { RepoRef } from "../model/run.ts";
import { clone, hasSameAttributes, switchTo, update } from "./clone.ts";
import type { Folders } from "./folders.ts";
import type { Git } from "./git.ts";
import { exists } from "./inside.ts";
import { SPARES } from "./layout.ts";
import { repoPath } from "./names.ts";

/** Beside the checkout to be: a crash leaves this, never half a checkout. */
const UNFINISHED = ".unfinished";

export interface SpareRequest {
  readonly repo: RepoRef;
  readonly mirror: string;
  /** Goes into the checkout's config, so it holds no credential. */
  readonly url: string;
  readonly sha: string;
}

export interface CheckoutRequest extends SpareRequest {
  /** The folder to make; it does not exist yet. */
  readonly dir: string;
  readonly branch: string;
  /** A ref of the mirror, besides branches and tags, that holds `sha`. */
  readonly extraRef: string | null;
  readonly signal: AbortSignal;
}

export interface Checkouts {
  make(request: CheckoutRequest): Promise<void>;
  /** Makes a spare at low priority when the repository has none; not twice at once for one repository. */
  makeSpare(request: SpareRequest): Promise<void>;
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

  const make = async (request: CheckoutRequest) => {
    const dir = join(dirname(request.dir), UNFINISHED);
    await folders.discard(dir);
    const work = { ...options, ...request, dir };
    if (!(options.spares && (await fromSpare(work)))) {
      await clone(work);
      if (request.extraRef) await update(work);
      await switchTo(work);
    }
    await rename(dir, request.dir);
  };

  /** False when there is no spare, or it would not do; then there is nothing at `dir`. */
  const fromSpare = async (work: CheckoutRequest) => {
    if (!(await takeSpare(work))) return false;
    try {
      await update({ ...work, git });
      if (await hasSameAttributes({ ...work, git })) {
        await switchTo({ ...work, git });
        return true;
      }
    } catch (error) {
      work.signal.throwIfAborted();
      options.warn(
        `using the spare checkout of ${repoPath(work.repo)}: ${messageOf(error)}; cloning instead`,
      );
    }
    await folders.discard(work.dir);
    return false;
  };

  const takeSpare = async ({ repo, dir }: CheckoutRequest) => {
    const ready = join(await folders.own(SPARES, repoPath(repo)), "ready");
    return await rename(ready, dir).then(
      () => true,
      () => false,
    );
  };

  const makeSpare = async (request: SpareRequest) => {
    if (!options.spares) return;
    const place = await folders.own(SPARES, repoPath(request.repo));
    const [ready, dir] = [join(place, "ready"), join(place, UNFINISHED)];
    if (await exists(ready)) return;
    await folders.discard(dir);
    await clone({ ...options, ...request, dir });
    await switchTo({ git, dir, sha: request.sha, branch: null });
    await rename(dir, ready);
  };

  return { make, makeSpare };
}
