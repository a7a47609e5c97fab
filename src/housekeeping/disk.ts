/**
 * One round over this machine's disk: logs first, as removing one needs no room on a full disk, then workspaces, then
 * the mirrors they needed. Whether something may go is asked of the store at the moment it would; that nothing begins with it just then is the holdings' work.
 */
import type { HousekeepingConfig, Keep } from "../config/config.ts";
import type { RepoRef } from "../model/run.ts";
import { type Freed, type FreedByKind, NOTHING } from "./freed.ts";
import { findLogs, removeLog } from "./logs.ts";
import { type Hands, thin } from "./thin.ts";
import type { Use } from "./use.ts";

export type HoldingKind = "workspace" | "spare" | "mirror" | "collected";

/** Something of runs or repositories that stands on the disk. */
export interface Holding {
  readonly kind: HoldingKind;
  readonly repo: RepoRef;
  /** The name of a run's folder; null for what is of the repository as a whole. */
  readonly folder: string | null;
  readonly path: string;
  /** As far as the disk knows; epoch milliseconds. */
  readonly touchedAt: number;
}

/** What the workspace room offers, see `workspace/holdings.ts`. */
export interface Holdings {
  list(kind: HoldingKind): Promise<readonly Holding[]>;
  size(holding: Holding, signal: AbortSignal): Promise<number>;
  /** Null when it stays. `unused` is asked while nothing can begin with it. */
  discard(holding: Holding, unused: () => Promise<boolean>, signal: AbortSignal): Promise<number | null>;
  sweep(signal: AbortSignal): Promise<Freed>;
}

export interface DiskDeps {
  readonly holdings: Holdings;
  readonly use: Use;
  readonly logsDir: string;
  readonly now: () => number;
  readonly trouble: (path: string, error: unknown) => void;
}

/** Kept for nobody, but a crash is looked after by those who were in it first. */
const LEFTOVERS: Keep = { ageMs: 3_600_000, bytes: null };

export async function tidyDisk(
  deps: DiskDeps,
  config: HousekeepingConfig,
  signal: AbortSignal,
): Promise<FreedByKind> {
  const { holdings } = deps;
  /** What of one kind goes wrong as a whole does not keep the others. */
  const attempt = async (name: string, work: () => Promise<Freed>): Promise<Freed> => {
    try {
      return signal.aborted ? NOTHING : await work();
    } catch (error) {
      deps.trouble(name, error);
      return NOTHING;
    }
  };
  const round = (kinds: readonly HoldingKind[], keep: Keep) =>
    attempt(kinds.join(), async () => {
      const things = (await Promise.all(kinds.map((kind) => holdings.list(kind)))).flat();
      return await thin(things, keep, handsOn(deps, signal), deps.now(), signal);
    });
  const logs = await attempt("logs", () => tidyLogs(deps, config.logs, signal));
  return {
    workspaces: await round(["workspace", "spare"], config.workspaces),
    orphans: await round(["collected"], LEFTOVERS),
    mirrors: await round(["mirror"], config.mirrors),
    logs,
    leftovers: await attempt("leftovers", () => holdings.sweep(signal)),
  };
}

function handsOn({ holdings, use, trouble }: DiskDeps, signal: AbortSignal): Hands<Holding> {
  return {
    // A run's folder is as old as its end; what all runs share is also used without one, by previews.
    since: async (holding) => {
      const last = await use.lastUse(holding);
      if (last === null) return holding.touchedAt;
      return holding.folder === null ? Math.max(last, holding.touchedAt) : last;
    },
    size: (holding) => holdings.size(holding, signal),
    remove: (holding) => holdings.discard(holding, async () => !(await use.isNeeded(holding)), signal),
    trouble: ({ path }, error) => trouble(path, error),
  };
}

async function tidyLogs(
  { logsDir, use, now, trouble }: DiskDeps,
  keep: Keep,
  signal: AbortSignal,
): Promise<Freed> {
  const logs = await findLogs(logsDir);
  return await thin(
    logs,
    keep,
    {
      since: async ({ writtenAt }) => writtenAt,
      size: async ({ bytes }) => bytes,
      async remove(log) {
        if (await use.isActive(log.run)) return null;
        await removeLog(log);
        return log.bytes;
      },
      trouble: ({ paths }, error) => trouble(paths[0] ?? logsDir, error),
    },
    now(),
    signal,
  );
}
