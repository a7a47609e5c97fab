/** A real store, the real workspace room with a remote, and housekeeping over both. Not a test file. */
import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import pino from "pino";
import type { HousekeepingConfig } from "../../src/config/config.ts";
import { createHousekeeping, type Housekeeping } from "../../src/housekeeping/housekeeping.ts";
import type { Run, RunState } from "../../src/model/run.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../../src/store/store.ts";
import { claim, endedRun, enqueue } from "../store/contract/harness.ts";
import { openRoom, type Room } from "../workspace/room.ts";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
const NEVER = { ageMs: null, bytes: null };

/** Nothing is removed. */
export const KEEP_ALL: HousekeepingConfig = {
  everyMs: HOUR,
  workspaces: NEVER,
  mirrors: NEVER,
  logs: NEVER,
  deliveriesMs: null,
};
/** Everything that is a day old is. */
export const A_DAY: HousekeepingConfig = {
  everyMs: HOUR,
  workspaces: { ageMs: DAY, bytes: null },
  mirrors: { ageMs: DAY, bytes: null },
  logs: { ageMs: DAY, bytes: null },
  deliveriesMs: DAY,
};

export interface LogLine {
  readonly msg: string;
  readonly level: number;
  readonly [field: string]: unknown;
}

export interface Stage {
  readonly room: Room;
  readonly store: Store;
  readonly clock: { now: number };
  readonly logsDir: string;
  readonly lines: readonly LogLine[];
  readonly housekeeping: Housekeeping;
  config: HousekeepingConfig;
  /** A run in this state with its workspace and log. */
  run(state: RunState, issue: number): Promise<Run>;
  dirFor(issue: number): string;
  once(): ReturnType<Housekeeping["once"]>;
}

export async function openStage(t: TestContext, options: { readonly spares?: boolean } = {}): Promise<Stage> {
  const room = await openRoom(t, options);
  const clock = { now: Date.now() };
  const now = () => clock.now;
  const store = await openSqliteStore({ file: join(room.dir, "store.db"), now, newId: randomUUID });
  t.after(() => store.close());
  const logsDir = join(room.dir, "logs");
  await mkdir(logsDir);
  const lines: LogLine[] = [];
  const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const housekeeping = createHousekeeping({
    store,
    holdings: room.workspaces.holdings,
    logsDir,
    config: () => stage.config,
    now,
    log,
    firstMs: 1,
  });
  const stage: Stage = {
    room,
    store,
    clock,
    logsDir,
    lines,
    housekeeping,
    config: A_DAY,
    async run(state, issue) {
      const run = await inState(store, state, { repo: room.remote.repo, issue });
      await room.prepare({ ...run, request: { ...run.request, branch: null } });
      await room.workspaces.idle();
      await writeFile(join(logsDir, `${run.id}.1.log`), "said\n");
      return run;
    },
    dirFor: (issue) => join(room.root, `local/acme/shop/task-${issue}`),
    once: () => housekeeping.once(new AbortController().signal),
  };
  return stage;
}

async function inState(store: Store, state: RunState, sketch: Parameters<typeof enqueue>[1]): Promise<Run> {
  if (state === "queued" || state === "preparing" || state === "running") {
    const id = await enqueue(store, sketch);
    if (state !== "queued") {
      const { lease } = await claim(store);
      if (state === "running") await store.move(lease, "running", { startedAt: 2_000 }, []);
    }
    return (await store.run(id)) as Run;
  }
  return await endedRun(store, state, sketch);
}
