/** Loads a configuration from text, in an empty folder of its own, and gives the problems as people see them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import { ConfigError } from "../../src/model/errors.ts";

export const SECRET = "0123456789abcdef0123456789abcdef";

/** A forge, so that other things can be looked at. */
export const FORGEJO = {
  FORGEJO_URL: "https://codeberg.org/",
  FORGEJO_TOKEN: "forgejo-token-1",
  FORGEJO_WEBHOOK_SECRET: SECRET,
} as const;

export function inFolder<T>(body: (folder: string) => T, files: Readonly<Record<string, string>> = {}): T {
  const folder = mkdtempSync(join(tmpdir(), "agent-dispatch-config-"));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function load(yaml: string, env: Readonly<Record<string, string>> = FORGEJO): Config {
  return inFolder((cwd) => loadConfig({ env, file: "agents.yaml", fileText: yaml, cwd }));
}

/** Each problem as `line:column key message (allowed)`, or `environment key message (allowed)`. */
export function problemsOf(yaml: string, env: Readonly<Record<string, string>> = FORGEJO): readonly string[] {
  try {
    load(yaml, env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => {
      const place = problem.line === null ? problem.file : `${problem.line}:${problem.column}`;
      return `${place} ${problem.key} ${problem.message}${problem.allowed ? ` (${problem.allowed})` : ""}`;
    });
  }
}
