/**
 * The host's processes, as far as runs need them: who lives, in which group, and which carry the marker of a run in
 * their environment. A process is known by its pid and its start time, never by the pid alone.
 */
import { setTimeout } from "node:timers/promises";

/** Every process of a run inherits it; its value is `<run id>.<attempt>`. */
export const MARKER = "AGENT_DISPATCH_RUN";

export interface ProcessRow {
  readonly pid: number;
  readonly group: number;
  readonly start: string;
  /** The marker's value; null when it has none or hides its environment. */
  readonly run: string | null;
}

export interface ProcessTable {
  /** When the process started, in this platform's own words; null when it is gone or a zombie. */
  startOf(pid: number): Promise<string | null>;
  /** Every living process. A zombie is not living. */
  scan(): Promise<readonly ProcessRow[]>;
  /** How often the kernel killed for memory since it started; null where it does not tell. */
  oomKills(): Promise<number | null>;
}

/**
 * Two hundred runs that end together must not scan two hundred times: who asks during a scan shares the next. The
 * next begins after a pause twice as long as the last one took, so that scanning never takes more than a third of
 * a processor, however many processes there are.
 */
export function shareScans(table: ProcessTable): ProcessTable {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<readonly ProcessRow[]> | null = null;
  const timed = async () => {
    const from = performance.now();
    const rows = await table.scan();
    return { rows, pauseMs: 2 * (performance.now() - from) };
  };
  return {
    startOf: table.startOf,
    oomKills: table.oomKills,
    scan() {
      next ??= running.then(() => {
        const scan = timed();
        running = scan.then(
          ({ pauseMs }) => setTimeout(pauseMs),
          () => undefined,
        );
        next = null;
        return scan.then(({ rows }) => rows);
      });
      return next;
    },
  };
}
