/** Recorded output of the real CLIs (codex 0.169.0, claude 2.1.328, gemini 0.61.0), and a way to read it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AgentEvent, AgentResult, OutputReader } from "../../src/agents/agent.ts";

export type Recording = `${"codex" | "claude" | "gemini"}-${"work" | "unauthorized" | "usage-limit"}`;

export function recorded(name: Recording): readonly string[] {
  return readFileSync(join(import.meta.dirname, "fixtures", `${name}.jsonl`), "utf8")
    .trim()
    .split("\n");
}

export function readAll(
  reader: OutputReader,
  lines: readonly string[],
  exitCode: number | null,
): { readonly events: readonly AgentEvent[]; readonly result: AgentResult } {
  const events = lines.flatMap((line) => reader.line(line, "stdout"));
  return { events, result: reader.end(exitCode) };
}

/** Events as the lines a CLI prints. */
export function lines(...events: readonly unknown[]): readonly string[] {
  return events.map((event) => JSON.stringify(event));
}
