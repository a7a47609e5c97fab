/** Is an agent's program there, and which version? Asked at start and by `check`, so that a missing CLI is said early. */
import { execa } from "execa";
import type { Agent } from "./agent.ts";

export interface AgentProbe {
  readonly name: string;
  readonly ready: boolean;
  readonly version: string | null;
  /** How to install it; null when it is there. */
  readonly fix: string | null;
}

/** Runs `program --version` with nothing but PATH and HOME in its environment; 20 s at most. */
export async function probeAgent(agent: Agent, env: Readonly<Record<string, string>>): Promise<AgentProbe> {
  const { program, name } = agent;
  const { PATH = "", HOME = "/" } = env;
  const result = await execa(program.name, program.versionArgs, {
    env: { PATH, HOME },
    extendEnv: false,
    reject: false,
    stdin: "ignore",
    timeout: 20_000,
  });
  if (result.failed && result.code === "ENOENT") {
    return {
      name,
      ready: false,
      version: null,
      fix: `no executable ${program.name} on PATH; ${program.install}`,
    };
  }
  return {
    name,
    ready: true,
    version: /\d+(?:\.\d+)+\S*/.exec(String(result.stdout))?.[0] ?? null,
    fix: null,
  };
}
