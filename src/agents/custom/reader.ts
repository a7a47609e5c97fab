/**
 * Reads a custom agent's plain output: each line on stdout is something it said. It succeeded by its exit code or by
 * a line that matches the admin's pattern, whichever was declared.
 */
import type { AgentResult, OutputReader } from "../agent.ts";

/** Of a line, what is matched and shown. */
const MAX_LINE_CHARS = 10_000;
/** Of a review, what is kept: its end. */
const MAX_REVIEW_CHARS = 60_000;

export interface CustomReading {
  readonly name: string;
  /** Null: success is exit code 0. */
  readonly pattern: RegExp | null;
  /** `review`: everything said is the result; `work`: the last line is. */
  readonly mode: "work" | "review";
}

export function createCustomReader({ name, pattern, mode }: CustomReading): OutputReader {
  let matched: RegExpExecArray | null = null;
  let said = "";
  let lastError: string | null = null;

  return {
    line(text, stream) {
      const line = text.slice(0, MAX_LINE_CHARS).trimEnd();
      if (stream === "stderr") {
        lastError = line.trim() || lastError;
        return [];
      }
      matched = pattern?.exec(line) ?? matched;
      if (mode === "review") said = `${said}${line}\n`.slice(-MAX_REVIEW_CHARS);
      else said = line.trim() || said;
      return line.trim() === "" ? [] : [{ kind: "message", text: line }];
    },
    end(exitCode): AgentResult {
      const ok = pattern === null ? exitCode === 0 : matched !== null;
      const hint = lastError === null ? "" : `; its last error output: ${lastError.slice(0, 500)}`;
      return {
        ok,
        failure: ok ? null : `${why(name, pattern, exitCode)}${hint}`,
        cause: ok ? null : "other",
        resetsAt: null,
        lastMessage: (matched?.[1] ?? said).trim() || null,
        session: null,
        usage: null,
      };
    },
  };
}

function why(name: string, pattern: RegExp | null, exitCode: number | null): string {
  if (pattern !== null) return `${name} never printed the line that says it succeeded`;
  return exitCode === null ? `${name} was ended by a signal` : `${name} exited with code ${exitCode}`;
}
