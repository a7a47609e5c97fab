/** Linux's processes from /proc. Start times carry the boot's id, since clock ticks begin anew with each boot. */
import { readdirSync, readFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { MARKER, type ProcessRow, type ProcessTable } from "./processes.ts";

/** So many processes are looked at before the event loop gets its turn: about a millisecond. */
const SLICE = 40;
/** On a busy host somebody is always new. */
const ROUNDS = 3;

export function linuxProcesses(): ProcessTable {
  const boot = (read("/proc/sys/kernel/random/boot_id") ?? "").slice(0, 8);
  const stat = (pid: number) => parseStat(read(`/proc/${pid}/stat`) ?? "", boot);
  return {
    async startOf(pid) {
      return stat(pid)?.start ?? null;
    },
    async scan() {
      const seen = new Set<number>();
      const rows: ProcessRow[] = [];
      // Who forks and ends during the look would hide the child from it: look again for those who are new.
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const [index, pid] of newPids(seen).entries()) {
          if (index % SLICE === SLICE - 1) await setImmediate();
          seen.add(pid);
          const found = stat(pid);
          if (found) rows.push({ pid, ...found, run: markerIn(read(`/proc/${pid}/environ`) ?? "") });
        }
      }
      return rows;
    },
    async oomKills() {
      const count = /^oom_kill (\d+)$/m.exec(read("/proc/vmstat") ?? "");
      return count ? Number(count[1]) : null;
    },
  };
}

/** Group and start time; null for a zombie or an unreadable line. The name (field 2) may hold spaces and brackets. */
export function parseStat(line: string, boot: string): Pick<ProcessRow, "group" | "start"> | null {
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const [state, , group] = fields;
  const ticks = fields[19];
  if (!state || !group || !ticks || state === "Z" || state === "X") return null;
  return { group: Number(group), start: `${boot}.${ticks}` };
}

function newPids(seen: ReadonlySet<number>): readonly number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && !seen.has(pid));
}

function markerIn(environ: string): string | null {
  const at = `\0${environ}`.indexOf(`\0${MARKER}=`);
  if (at < 0) return null;
  const from = at + MARKER.length + 1;
  const end = environ.indexOf("\0", from);
  return environ.slice(from, end < 0 ? undefined : end);
}

/** Null when the process is gone or another user's. */
function read(file: string): string | null {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return null;
  }
}
