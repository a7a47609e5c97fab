/** The server's environment: the real one over the `.env` of its folder. An empty variable counts as not set. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import type { VariablePlace } from "./problems.ts";

export type RawEnvironment = Readonly<Record<string, string | undefined>>;

export interface Environment {
  get(name: string): string | undefined;
  names(): readonly string[];
  /** For messages: where a variable was set. */
  readonly place: VariablePlace;
}

export function readEnvironment(real: RawEnvironment, cwd: string): Environment {
  const file = join(cwd, ".env");
  const text = readIfThere(file) ?? "";
  const fallback = parseEnv(text);
  const get = (name: string): string | undefined => real[name] || fallback[name] || undefined;
  return {
    get,
    names: () => [...new Set([...Object.keys(real), ...Object.keys(fallback)])].filter((name) => get(name)),
    place(name) {
      const line = real[name] ? 0 : text.split("\n").findIndex((row) => assigns(row, name)) + 1;
      return line === 0 ? { file: "environment", line: null } : { file, line };
    },
  };
}

/** The text of a file, or null when there is none. */
export function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

function assigns(row: string, name: string): boolean {
  return (
    row
      .replace(/^\s*(export\s+)?/, "")
      .split("=")[0]
      ?.trim() === name && row.includes("=")
  );
}
