/**
 * What of runs and repositories stands on the disk, for whoever decides what may go; this room only knows what hangs
 * together and what is in use at the moment. A mirror stays while a workspace of its repository stands, for the
 * workspace's work is collected with the mirror's objects; a workspace goes together with what was collected of it.
 */
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import type { RepoRef } from "../model/run.ts";
import { ownerOf } from "./folders.ts";
import type { Holds } from "./holds.ts";
import { exists } from "./inside.ts";
import { findCollected, findMirrors, findSpares, findWorkspaces, type Place } from "./layout.ts";
import { type Mirrors, usedAt } from "./mirror.ts";
import { RUN_ID, repoPath } from "./names.ts";
import { partsOfWork } from "./pushed.ts";
import type { Aside, Swept, Trash } from "./trash.ts";
import { measure } from "./tree.ts";

export type HoldingKind = "workspace" | "spare" | "mirror" | "collected";

/** One of them. `repo` is in small letters. */
export interface Holding extends Place {
  readonly kind: HoldingKind;
  /** When it was last made, changed or used, as far as the disk knows; epoch milliseconds. */
  readonly touchedAt: number;
}

export interface Holdings {
  /** Of `collected`, only those whose workspace is gone. */
  list(kind: HoldingKind): Promise<readonly Holding[]>;
  /** Bytes on the disk. */
  size(holding: Holding, signal: AbortSignal): Promise<number>;
  /**
   * Moves it away and deletes it, unless it is in use or needed by another. `unused` is asked while no run can be
   * prepared with it, and again when it is moved away: what is of use then is put back. Resolves with the bytes that
   * were freed, null when it stays. What is left to delete when aborted is swept up later.
   */
  discard(holding: Holding, unused: () => Promise<boolean>, signal: AbortSignal): Promise<number | null>;
  /** Deletes what a crash left half deleted; resolves with how many things and bytes that were. */
  sweep(signal: AbortSignal): Promise<Swept>;
}

export interface HoldingsOptions {
  readonly root: string;
  readonly mirrorRoot: string;
  readonly mirrors: Mirrors;
  readonly trash: Trash;
  /** On the mirrors' file system. */
  readonly mirrorTrash: Trash;
  /** By `forge/owner/name`. */
  readonly holds: Holds;
}

export function createHoldings(options: HoldingsOptions): Holdings {
  const { root, mirrorRoot, mirrors, trash, mirrorTrash, holds } = options;

  const workspaceOf = ({ repo, folder }: Place) => join(root, repoPath(repo), folder ?? "");
  const collectedOf = ({ repo, folder }: Place) => `${join(mirrorRoot, repoPath(repo), folder ?? "")}.git`;

  const find = async (kind: HoldingKind): Promise<readonly Place[]> => {
    if (kind === "workspace") return await findWorkspaces(root);
    if (kind === "spare") return await findSpares(root);
    if (kind === "mirror") return await findMirrors(mirrorRoot);
    const orphans: Place[] = [];
    for (const place of await findCollected(mirrorRoot)) {
      if (!(await exists(workspaceOf(place)))) orphans.push(place);
    }
    return orphans;
  };

  const list = async (kind: HoldingKind) => {
    const found: Holding[] = [];
    for (const place of await find(kind)) {
      // Gone again by now; of what was collected there may be nothing but what a crash left beside it.
      const touchedAt = await touched(kind, place.path).catch(() => (kind === "collected" ? 0 : null));
      if (touchedAt !== null) found.push({ ...place, kind, touchedAt });
    }
    return found;
  };

  const needed = async (holding: Holding) => {
    if (holding.kind === "collected") return await exists(workspaceOf(holding));
    if (holding.kind !== "mirror") return false;
    const repo = repoPath(holding.repo);
    const places = [...(await findWorkspaces(root)), ...(await findCollected(mirrorRoot))];
    return places.some((place) => repoPath(place.repo) === repo);
  };

  /** Everything that goes with it; what the others hang on goes last, so that a crash leaves nothing unseen. */
  const parts = (holding: Holding) => {
    const collected = partsOfWork(collectedOf(holding)).map((path) => ({ path, trash: mirrorTrash }));
    if (holding.kind === "collected") return collected;
    const own = { path: holding.path, trash: holding.kind === "mirror" ? mirrorTrash : trash };
    return holding.kind === "workspace" ? [own, ...collected] : [own];
  };

  const moveAway = async (holding: Holding, unused: () => Promise<boolean>) => {
    if ((await needed(holding)) || !(await unused())) return null;
    const owner = holding.kind === "workspace" ? await ownerOf(holding.path) : null;
    const aside: Aside[] = [];
    try {
      for (const part of parts(holding)) {
        const one = await part.trash.take(part.path);
        if (one !== null) aside.push(one);
      }
      if (await unused()) {
        // A pin that stays keeps one commit too many.
        await unpin(holding.repo, owner).catch(() => {});
        return aside;
      }
    } catch (error) {
      await putBack(aside);
      throw error;
    }
    await putBack(aside);
    return null;
  };

  const unpin = async (repo: RepoRef, owner: string | null) => {
    if (owner !== null && RUN_ID.test(owner)) await mirrors.unpin({ id: owner, repo });
  };

  return {
    list,
    size: async (holding, signal) => {
      let bytes = 0;
      for (const { path } of parts(holding)) bytes += await measure(path, signal);
      return bytes;
    },
    discard: async (holding, unused, signal) => {
      const aside = await holds.alone(repoPath(holding.repo), () => moveAway(holding, unused));
      if (aside === null) return null;
      let bytes = 0;
      for (const one of aside) bytes += await one.destroy(signal);
      return bytes;
    },
    sweep: async (signal) => {
      const [one, other] = [await trash.sweep(signal), await mirrorTrash.sweep(signal)];
      return { count: one.count + other.count, bytes: one.bytes + other.bytes };
    },
  };
}

async function putBack(aside: readonly Aside[]): Promise<void> {
  for (const one of aside) await one.putBack();
}

/** Of a workspace the time that no agent can set; nothing else is ever in an agent's hands. */
async function touched(kind: HoldingKind, path: string): Promise<number> {
  if (kind === "mirror") return await usedAt(path);
  const stats = await lstat(path);
  return kind === "workspace" ? stats.ctimeMs : stats.mtimeMs;
}
