/** What the store knows of whether something is of use: the runs of its issue or repository. Asks, changes nothing. */
import { ACTIVE_STATES, type RepoRef, type Run } from "../model/run.ts";
import type { Store } from "../store/store.ts";

/** A run's folder's number is its issue's. */
const NUMBER = /^(?:pr|task)-(\d+)/;

export interface Place {
  readonly repo: RepoRef;
  /** The name of a run's folder; null for what all runs of the repository use. */
  readonly folder: string | null;
}

export interface Use {
  /** Whether a queued, working or blocked run may need it. */
  isNeeded(place: Place): Promise<boolean>;
  /** Whether the run may still write to it, or go on from it. */
  isActive(runId: string): Promise<boolean>;
  /** When the last run that used it came to its state, in epoch milliseconds; null when no run is known. */
  lastUse(place: Place): Promise<number | null>;
}

export function createUse(store: Store): Use {
  const lastRun = async ({ repo, folder }: Place) => {
    const issue = issueOf(folder);
    return issue === null
      ? ((await store.runs({ repo, limit: 1 }))[0] ?? null)
      : await store.lastRun(repo, issue);
  };
  return {
    isNeeded: async ({ repo, folder }) => {
      const issue = issueOf(folder);
      if (issue !== null) return (await store.activeRun(repo, issue)) !== null;
      return (await store.runs({ repo, states: ACTIVE_STATES, limit: 1 })).length > 0;
    },
    isActive: async (runId) => {
      const run = await store.run(runId);
      return run !== null && isActive(run);
    },
    lastUse: async (place) => {
      const run = await lastRun(place);
      if (run === null) return null;
      const events = await store.events(run.id);
      return Math.max(run.queuedAt, ...events.map(({ at }) => at));
    },
  };
}

function issueOf(folder: string | null): number | null {
  const number = folder === null ? null : NUMBER.exec(folder)?.[1];
  return number ? Number(number) : null;
}

function isActive({ state }: Run): boolean {
  return (ACTIVE_STATES as readonly string[]).includes(state);
}
