/**
 * Where the real CLIs are: installed from this folder's lock by `npm run test:agents`. A missing one is a failure
 * that says what to do, never a skip.
 */
import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

export type Cli = "codex" | "claude" | "gemini";

export const BIN = join(import.meta.dirname, "node_modules", ".bin");

/** The absolute path of the CLI's program. */
export function programOf(cli: Cli): string {
  const path = join(BIN, cli);
  if (!existsSync(path)) throw new Error(`no ${cli} in ${BIN}: run npm --prefix test/real/agents ci`);
  return path;
}

/** A PATH with the CLIs, this Node (codex and gemini are started by it) and the system's programs, nothing else. */
export const CLEAN_PATH = [BIN, dirname(process.execPath), "/usr/local/bin", "/usr/bin", "/bin"].join(
  delimiter,
);
