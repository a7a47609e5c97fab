/**
 * Ends everything of a run: the group it was started in, and what left the group (claude leaks a child in a session
 * of its own), found by the run's marker in its environment. A process that both leaves the group and clears its
 * environment gets away, unless it is confined: then it dies with the first process of its namespace.
 */
import { setTimeout } from "node:timers/promises";
import type { ProcessRow, ProcessTable } from "./processes.ts";

export interface SweepTarget {
  /** The marker's value. */
  readonly run: string;
  /** Pid of the group's leader, which is the group's id, and when it started. */
  readonly pid: number;
  readonly start: string;
  /** We saw the leader start and it cannot have been anyone else's since: its group is ours even without it. */
  readonly ours: boolean;
  /**
   * The agent is confined, in sessions of its own. In the leader's group is only what watches over it, and to ask
   * bubblewrap to end would be to kill the agent.
   */
  readonly apart?: boolean;
}

/** A process that outlives KILL this long hangs in the kernel: nobody can end it. */
const KILL_PATIENCE_MS = 30_000;

/** Sends KILL until nothing of the run lives. Rejects when something does not die. */
export async function killAll(table: ProcessTable, target: SweepTarget): Promise<void> {
  let waited = 0;
  for (let pause = 10; ; pause = Math.min(pause * 2, 200)) {
    const rows = await membersOf(table, target);
    if (rows.length === 0) return;
    if (waited > KILL_PATIENCE_MS) {
      throw new Error(`stopping run ${target.run}: processes ${pids(rows)} do not end on SIGKILL`);
    }
    await signal(table, target, rows, "SIGKILL");
    await setTimeout(pause);
    waited += pause;
  }
}

/** Sends TERM once; resolves to true when all is gone within `graceMs`, else false. */
export async function terminate(table: ProcessTable, target: SweepTarget, graceMs: number): Promise<boolean> {
  const rows = await membersOf(table, target);
  if (rows.length === 0) return true;
  if (graceMs <= 0) return false;
  await signal(table, target, rows, "SIGTERM");
  const deadline = AbortSignal.timeout(graceMs);
  for (let pause = 10; !deadline.aborted; pause = Math.min(pause * 2, 200)) {
    await setTimeout(Math.min(pause, graceMs));
    // A look at the leader costs next to nothing, a look at all processes does: not before the leader is gone.
    if ((await table.startOf(target.pid)) === target.start) continue;
    if ((await membersOf(table, target)).length === 0) return true;
  }
  return false;
}

async function membersOf(table: ProcessTable, target: SweepTarget): Promise<readonly ProcessRow[]> {
  const rows = await table.scan();
  const leader = rows.find((row) => row.pid === target.pid);
  const group = leader ? leader.start === target.start : target.ours;
  return rows.filter(
    (row) => row.pid !== process.pid && (row.run === target.run || (group && row.group === target.pid)),
  );
}

/** The group in one call, so that no fork slips between; then those outside it, each if it is still the same. */
async function signal(
  table: ProcessTable,
  target: SweepTarget,
  rows: readonly ProcessRow[],
  name: "SIGTERM" | "SIGKILL",
): Promise<void> {
  const inGroup = rows.filter((row) => row.group === target.pid);
  const spared = target.apart === true && name === "SIGTERM";
  if (inGroup.length > 0 && !spared) send(-target.pid, name);
  const asked = new Set<number>();
  for (const row of rows) {
    if (row.group === target.pid || asked.has(row.group)) continue;
    if ((await table.startOf(row.pid)) !== row.start) continue;
    // A confined agent's groups have no strangers in them.
    const whole = spared && row.group > 1;
    if (whole) asked.add(row.group);
    send(whole ? -row.group : row.pid, name);
  }
}

/** A process that is gone already, or that became another user's, is not an error: the next look tells. */
function send(pid: number, name: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!["ESRCH", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

function pids(rows: readonly ProcessRow[]): string {
  return rows.map((row) => row.pid).join(", ");
}
