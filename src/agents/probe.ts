/** Is an agent's program there, and which version? Asked at start and by `check`, so that a missing CLI is said early. */
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import { execa } from "execa";
import { versionIn } from "../model/version.ts";
import type { Agent } from "./agent.ts";

export interface AgentProbe {
  readonly name: string;
  readonly ready: boolean;
  readonly version: string | null;
  /** How to install it; null when it is there. */
  readonly fix: string | null;
}

/**
 * Runs `program --version` with nothing but PATH and HOME in its environment; 20 s at most. A custom agent's program
 * is only looked for: nobody knows what it would do when it is asked for its version.
 */
export async function probeAgent(agent: Agent, env: Readonly<Record<string, string>>): Promise<AgentProbe> {
  const { program, name } = agent;
  const { PATH = "", HOME = "/" } = env;
  if (!(await isThere(program.name, PATH))) {
    return {
      name,
      ready: false,
      version: null,
      fix: `no executable ${program.name} on PATH; ${program.install}`,
    };
  }
  if (program.versionArgs === null) return { name, ready: true, version: null, fix: null };
  const result = await execa(program.name, program.versionArgs, {
    env: { PATH, HOME },
    extendEnv: false,
    reject: false,
    stdin: "ignore",
    timeout: 20_000,
  });
  return {
    name,
    ready: true,
    version: versionIn(String(result.stdout)),
    fix: null,
  };
}

async function isThere(program: string, path: string): Promise<boolean> {
  const places = isAbsolute(program) ? [program] : path.split(delimiter).map((dir) => join(dir, program));
  const found = await Promise.allSettled(places.map((place) => access(place, constants.X_OK)));
  return found.some(({ status }) => status === "fulfilled");
}
