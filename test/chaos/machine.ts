/** What is left on the machine: the agents of this suite, told from all others by the journal in their environment. */
import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";

export interface AgentProcess {
  readonly pid: number;
  /** `id.attempt` */
  readonly run: string;
  readonly command: string;
}

/** Alive, and marked with a run of the bots that use this journal. Zombies are not alive. */
export function agentProcesses(journal: string): readonly AgentProcess[] {
  return readdirSync("/proc").flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid)) return [];
    const environment = read(`/proc/${pid}/environ`).split("\0");
    const run = environment.find((entry) => entry.startsWith("AGENT_DISPATCH_RUN="));
    if (run === undefined || !environment.includes(`CHAOS_JOURNAL=${journal}`)) return [];
    const command = read(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();
    return [{ pid, run: run.slice("AGENT_DISPATCH_RUN=".length), command }];
  });
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** Ends them all, whatever they are. */
export function endAgents(journal: string): void {
  for (const { pid } of agentProcesses(journal)) end(pid);
}

/** True when there was such a process. */
export function end(pid: number): boolean {
  try {
    process.kill(pid, "SIGKILL");
    return true;
  } catch {
    return false;
  }
}

export async function textOf(file: string): Promise<string> {
  return await readFile(file, "utf8").catch(() => "");
}
