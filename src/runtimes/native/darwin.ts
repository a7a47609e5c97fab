/**
 * macOS's processes from `ps`. It hides the environment of other users' processes and of Apple's own programs, so a
 * child of the agent that leaves its group and is one of those is not found.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { MARKER, type ProcessRow, type ProcessTable } from "./processes.ts";

const run = promisify(execFile);

export function darwinProcesses(): ProcessTable {
  return {
    async startOf(pid) {
      const rows = parsePs(await ps(["-o", "pid=,pgid=,stat=,lstart=,command=", "-p", String(pid)]));
      return rows[0]?.start ?? null;
    },
    async scan() {
      return parsePs(await ps(["-axwwE", "-o", "pid=,pgid=,stat=,lstart=,command="]));
    },
    async oomKills() {
      return null;
    },
  };
}

/** ps exits with 1 when there is no such process. */
async function ps(args: readonly string[]): Promise<string> {
  const env = { LC_ALL: "C", TZ: "UTC" };
  return run("/bin/ps", args, { env, maxBuffer: 64 * 1024 * 1024 }).then(
    ({ stdout }) => stdout,
    (error: { code?: unknown }) => {
      if (error.code === 1) return "";
      throw error;
    },
  );
}

/** Lines of `pid pgid stat Day Mon DD hh:mm:ss YYYY command and environment`. */
export function parsePs(text: string): readonly ProcessRow[] {
  const line = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\w{3}\s+\w{3}\s+\d+\s+[\d:]+\s+\d{4})\s(.*)$/;
  return text.split("\n").flatMap((row) => {
    const [, pid, group, state, start, rest] = line.exec(row) ?? [];
    if (!pid || !group || !start || rest === undefined || state?.startsWith("Z")) return [];
    const marker = new RegExp(`(?:^|\\s)${MARKER}=(\\S+)`).exec(rest);
    return [
      { pid: Number(pid), group: Number(group), start: start.replace(/\s+/g, " "), run: marker?.[1] ?? null },
    ];
  });
}
