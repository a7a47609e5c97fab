/**
 * Reads `coderabbit review --agent`. Only `complete` is success, and any `error` is fatal. The result is the review:
 * the findings as one Markdown list, in the order they came.
 */
import type { AgentEvent, AgentResult, OutputReader } from "../agent.ts";
import { type CoderabbitEvent, parseEvent } from "./events.ts";
import { parseWaitTime } from "./wait-time.ts";

/** A review nobody reads to the end is not kept whole. */
const MAX_FINDINGS = 500;

type Failure = Pick<AgentResult, "failure" | "cause" | "resetsAt">;

/** `now` is epoch milliseconds. */
export function createCoderabbitReader(now: () => number): OutputReader {
  const findings: string[] = [];
  let left = 0;
  let completed = false;
  let fatal: Failure | null = null;
  let lastError: string | null = null;

  function read(event: CoderabbitEvent): readonly AgentEvent[] {
    switch (event.type) {
      case "finding": {
        const finding = describe(event);
        if (findings.length < MAX_FINDINGS) findings.push(finding);
        else left += 1;
        return [{ kind: "message", text: finding }];
      }
      case "error":
        fatal ??= failureOf(event, now());
        return fatal.cause === "limit"
          ? [{ kind: "limit", resetsAt: fatal.resetsAt, text: fatal.failure ?? "" }]
          : [];
      case "complete":
        completed = true;
        return [];
      default:
        return [];
    }
  }

  function review(): string | null {
    if (findings.length === 0) return completed ? "No findings." : null;
    return [...findings, ...(left > 0 ? [`- and ${left} more`] : [])].join("\n");
  }

  return {
    line(text, stream) {
      if (stream === "stderr") {
        lastError = text.trim() || lastError;
        return [];
      }
      const event = parseEvent(text);
      return event === null ? [] : read(event);
    },
    end() {
      const failure = fatal ?? (completed ? null : unfinished(lastError));
      const told = failure ?? { failure: null, cause: null, resetsAt: null };
      return { ok: failure === null, ...told, lastMessage: review(), session: null, usage: null };
    },
  };
}

function describe(event: CoderabbitEvent): string {
  const place = event.fileName === null ? "" : ` \`${event.fileName}\``;
  const said = event.comment ?? event.codegenInstructions ?? "no text";
  return `- **${event.severity ?? "info"}**${place}: ${said.replaceAll("\n", "\n  ")}`;
}

function failureOf({ message, errorType, metadata }: CoderabbitEvent, now: number): Failure {
  const failure = message ?? errorType ?? "coderabbit ended with an error and gave no reason";
  const wait = metadata?.waitTime ?? null;
  if (errorType === "rate_limit") {
    const waitMs = wait === null ? null : parseWaitTime(wait);
    return { failure, cause: "limit", resetsAt: waitMs === null ? null : now + waitMs };
  }
  return { failure, cause: errorType === "auth" ? "auth" : "other", resetsAt: null };
}

function unfinished(lastError: string | null): Failure {
  const hint = lastError === null ? "" : `; its last error output: ${lastError.slice(0, 500)}`;
  return { failure: `coderabbit ended without completing its review${hint}`, cause: "other", resetsAt: null };
}
