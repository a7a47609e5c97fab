/** A run's status comment as it would be written now, for `/dispatch status`. */
import type { Config } from "../config/config.ts";
import type { Run } from "../model/run.ts";
import {
  lastRunStatus,
  preparingStatus,
  publishingStatus,
  queuedStatus,
  runningStatus,
} from "../report/status.ts";
import type { Store } from "../store/store.ts";
import { reasons } from "./queue-news.ts";

export interface StatusDeps {
  readonly store: Store;
  readonly config: () => Config;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export async function statusNow(run: Run, deps: StatusDeps): Promise<string> {
  switch (run.state) {
    case "queued":
      return queuedStatus(run, { ahead: await deps.store.ahead(run.id), wait: (await reasons(deps))(run) });
    case "preparing":
      return preparingStatus(run);
    case "running":
      return runningStatus(run, { now: deps.now(), activity: null, hidden: 0, blocked: [] });
    case "publishing":
      return publishingStatus(run);
    default:
      return lastRunStatus(run);
  }
}
