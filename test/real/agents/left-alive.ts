/**
 * Which processes still live of a run, found without the product's own marker: whoever works inside the run's folder
 * or names it in its arguments or environment (HOME and TMPDIR are there). Linux by /proc, elsewhere by ps, which
 * tells no working folder.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface LiveProcess {
  readonly pid: number;
  readonly args: string;
  readonly environment: string;
}

/** `dir` is a real path. */
export function processesOf(dir: string): readonly LiveProcess[] {
  return existsSync("/proc/self/environ") ? fromProc(dir) : fromPs(dir);
}

function fromProc(dir: string): readonly LiveProcess[] {
  const found: LiveProcess[] = [];
  for (const pid of readdirSync("/proc").map(Number).filter(Number.isInteger)) {
    try {
      const [args, environment] = [read(pid, "cmdline"), read(pid, "environ")];
      const cwd = readlinkSync(`/proc/${pid}/cwd`);
      const isZombie = /^State:\s+Z/m.test(read(pid, "status"));
      const isOfRun = [args, environment, cwd].some((text) => text.includes(dir));
      if (isOfRun && !isZombie && pid !== process.pid) found.push({ pid, args, environment });
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

function read(pid: number, file: string): string {
  return readFileSync(`/proc/${pid}/${file}`, "latin1").replaceAll("\0", " ");
}

function fromPs(dir: string): readonly LiveProcess[] {
  return execFileSync("ps", ["-axEww", "-o", "pid=,command="], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.includes(dir))
    .map((line) => ({ pid: Number.parseInt(line, 10), args: line, environment: line }));
}
