/**
 * What this process knows of each run: whether it is a child of ours (then its end is an event) or was started by
 * an earlier process (then its end is looked for at every tick), whether we killed it, and its end, told once to
 * all who ask.
 */
import type { ChildProcess } from "node:child_process";
import type { Exit } from "../../model/outcome.ts";
import type { Ticker } from "../output/ticker.ts";
import type { RunHandle } from "../runtime.ts";
import type { ProcessTable } from "./processes.ts";
import { keyOf } from "./record.ts";
import type { SweepTarget } from "./sweep.ts";

export interface Gone {
  /** The signal that ended the started process; null without one, and where it was not our child. */
  readonly signal: string | null;
  /** When its parent, which is us, saw it end; null when it was not our child. */
  readonly at: number | null;
}

export interface Life {
  readonly handle: RunHandle;
  readonly target: SweepTarget;
  /** True when nothing of the run is left. */
  readonly over: boolean;
  /** True once we sent KILL. */
  forced: boolean;
  /** Resolves when the started process is gone. */
  gone(): Promise<Gone>;
  /** Resolves when the run has ended and nothing of it is left. */
  finished(): Promise<Exit>;
}

export interface Lives {
  adopt(handle: RunHandle, child: ChildProcess): void;
  of(handle: RunHandle): Life;
  forget(handle: RunHandle): void;
}

export interface LivesOptions {
  readonly now: () => number;
  readonly table: ProcessTable;
  readonly ticker: Ticker;
  readonly end: (life: Life) => Promise<Exit>;
}

export function createLives({ now, table, ticker, end }: LivesOptions): Lives {
  const known = new Map<string, Life>();
  const add = (handle: RunHandle, ours: boolean, gone: () => Promise<Gone>) => {
    const life = createLife(handle, ours, gone, end);
    known.set(keyOf(handle), life);
    return life;
  };
  return {
    adopt(handle, child) {
      const gone = new Promise<Gone>((resolve) => {
        const see = () => resolve({ signal: child.signalCode, at: now() });
        if (child.exitCode !== null || child.signalCode !== null) see();
        else child.once("exit", see);
      });
      add(handle, true, () => gone);
    },
    of(handle) {
      const life = known.get(keyOf(handle));
      return life ?? add(handle, false, () => lookedFor(parseRef(handle.ref), table, ticker));
    },
    forget(handle) {
      known.delete(keyOf(handle));
    },
  };
}

function createLife(
  handle: RunHandle,
  ours: boolean,
  gone: () => Promise<Gone>,
  end: (life: Life) => Promise<Exit>,
): Life {
  let exit: Promise<Exit> | null = null;
  let over = false;
  const life: Life = {
    handle,
    get target() {
      return { run: keyOf(handle), ...parseRef(handle.ref), ours: ours && !over };
    },
    get over() {
      return over;
    },
    forced: false,
    gone,
    finished() {
      exit ??= end(life).then(
        (found) => {
          // The group is empty: from here on its number may be given to anyone.
          over = true;
          return found;
        },
        (error) => {
          // What did not die in time may have by the next call.
          exit = null;
          throw error;
        },
      );
      return exit;
    },
  };
  return life;
}

function parseRef(ref: string): { readonly pid: number; readonly start: string } {
  const colon = ref.indexOf(":");
  return { pid: Number(ref.slice(0, colon)), start: ref.slice(colon + 1) };
}

function lookedFor(
  id: { readonly pid: number; readonly start: string },
  table: ProcessTable,
  ticker: Ticker,
): Promise<Gone> {
  return new Promise((resolve, reject) => {
    let looking = false;
    const off = ticker.each(look);
    function look(): void {
      if (looking) return;
      looking = true;
      table.startOf(id.pid).then(
        (start) => {
          looking = false;
          if (start === id.start && id.pid > 0) return;
          off();
          resolve({ signal: null, at: null });
        },
        (error) => {
          off();
          reject(error);
        },
      );
    }
    look();
  });
}
