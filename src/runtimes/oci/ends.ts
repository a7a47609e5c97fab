/**
 * The end of each container, waited for once and told to all who ask: its true exit code, whoever started it. Survives a
 * restart of the engine, under which containers may live on.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Exit } from "../../model/outcome.ts";
import { type Call, EngineAway, patiently } from "../container/cli.ts";
import { exitOf, UNSEEN } from "../container/exit.ts";
import type { Records } from "../container/records.ts";
import type { RunHandle } from "../runtime.ts";
import type { Dialect } from "./dialects.ts";
import { type ContainerState, parseInspect } from "./inspect.ts";

export interface Ends {
  of(handle: RunHandle): Promise<Exit>;
  forget(handle: RunHandle): void;
}

export interface EndsOptions {
  readonly call: Call;
  readonly dialect: Dialect;
  readonly records: Records;
}

/** How often a process is looked for whose engine may not have noticed its end. */
const LOOK_MS = 5_000;
/** Between a wait that came back too early and the next. */
const PAUSE_MS = 250;

export function createEnds(options: EndsOptions): Ends {
  const known = new Map<string, Promise<Exit>>();
  return {
    of({ ref }) {
      const end = known.get(ref) ?? endOf(ref, options);
      known.set(ref, end);
      // What could not be learnt may be by the next call.
      end.catch(() => known.delete(ref));
      return end;
    },
    forget: ({ ref }) => void known.delete(ref),
  };
}

/** Null when there is no such container. */
export async function inspect(call: Call, id: string): Promise<ContainerState | null> {
  return parseInspect((await call(["container", "inspect", id])).stdout)[0] ?? null;
}

/** Whether its process is there: an engine may say running of one that is gone. */
export function isAlive({ phase, pid }: ContainerState, dialect: Dialect): boolean {
  if (phase !== "running") return false;
  if (!dialect.mayLie || pid <= 0) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

async function endOf(id: string, { call, dialect, records }: EndsOptions): Promise<Exit> {
  for (;;) {
    const state = await patiently(() => inspect(call, id), Infinity);
    if (state === null || state.phase === "waiting") return UNSEEN;
    if (state.phase === "ended") {
      const { code, outOfMemory, memoryBytes, endedAt } = state;
      const killedBy = await records.killer(id);
      return exitOf({ code, outOfMemory, hasMemoryLimit: memoryBytes > 0, killedBy, endedAt });
    }
    if (!isAlive(state, dialect)) {
      // Its last look and its process's end may have crossed.
      await sleep(LOOK_MS);
      const later = await patiently(() => inspect(call, id), Infinity);
      if (later?.phase === "running" && !isAlive(later, dialect)) return UNSEEN;
      continue;
    }
    const giveUp = new AbortController();
    const wait = call([...dialect.wait, id], { timeoutMs: null, signal: giveUp.signal }).catch(ignoreAway);
    await (dialect.mayLie ? Promise.race([wait, processGone(state, dialect, giveUp.signal)]) : wait);
    giveUp.abort();
    if ((await wait)?.code !== 0) await sleep(PAUSE_MS);
  }
}

async function processGone(state: ContainerState, dialect: Dialect, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && isAlive(state, dialect)) {
    await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
  }
}

function ignoreAway(error: unknown): null {
  if (error instanceof EngineAway) return null;
  throw error;
}
