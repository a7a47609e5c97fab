/**
 * Reads `gemini --output-format stream-json`. Only a `result` of status "success" is success: killed in mid-run, the
 * CLI exits 0 without one. Messages come in pieces and are put together here. Counts are this attempt's; the CLI
 * tells no money. Its waits between tries show on stderr alone.
 *
 * The CLI names its session at once but keeps it only when the model has answered; until then it is none to resume,
 * and a retry that tried would fail for ever ("No previous sessions found").
 */
import type { Usage } from "../../model/outcome.ts";
import type { AgentEvent, AgentResult, OutputReader } from "../agent.ts";
import { type GeminiEvent, parseEvent } from "./events.ts";

const AUTH = /api.?key|unauthenticated|permission.denied|invalid authentication|"code":\s*40[13]\b/i;
const LIMIT = /quota|resource.exhausted|rate limit|"code":\s*429\b/i;
const RETRY = /^Attempt \d+ failed with status \d+\. Retrying/;

type Failure = Pick<AgentResult, "failure" | "cause" | "resetsAt">;

export function createGeminiReader(): OutputReader {
  let succeeded = false;
  let fatal: Failure | null = null;
  let begun: string | null = null;
  let session: string | null = null;
  let pieces: string[] = [];
  let lastMessage: string | null = null;
  let lastError: string | null = null;
  let usage: Usage | null = null;

  /** A message is whole when anything else follows. */
  function finishMessage(): readonly AgentEvent[] {
    const message = pieces.join("").trim();
    pieces = [];
    if (message === "") return [];
    lastMessage = message;
    return [{ kind: "message", text: message }];
  }

  function read(event: GeminiEvent): readonly AgentEvent[] {
    switch (event.type) {
      case "init":
        begun = event.session_id;
        return [];
      case "tool_result":
        return keepSession();
      case "tool_use":
        return toolEvents(event);
      case "error":
        if (event.severity === "error") lastError = event.message ?? lastError;
        return [];
      case "result":
        return result(event);
      default:
        return [];
    }
  }

  function keepSession(): readonly AgentEvent[] {
    if (begun === null || begun === session) return [];
    session = begun;
    return [{ kind: "session", id: begun }];
  }

  function result(event: GeminiEvent): readonly AgentEvent[] {
    usage = usageOf(event);
    if (event.status === "success") {
      succeeded = true;
      return keepSession();
    }
    fatal ??= failureOf(event.error?.message ?? "gemini ended with an error and gave no reason");
    return fatal.cause === "limit" ? [{ kind: "limit", resetsAt: null, text: fatal.failure ?? "" }] : [];
  }

  return {
    line(text, stream) {
      if (stream === "stderr") {
        lastError = text.trim() || lastError;
        return RETRY.test(text) ? [{ kind: "retry", text: text.slice(0, 200) }] : [];
      }
      const event = parseEvent(text);
      if (event === null) return [];
      if (event.type === "message" && event.role === "assistant") {
        pieces.push(event.content ?? "");
        return [];
      }
      return [...finishMessage(), ...read(event)];
    },
    end() {
      finishMessage();
      const failure = fatal ?? (succeeded ? null : unfinished(lastError));
      const told = failure ?? { failure: null, cause: null, resetsAt: null };
      return { ok: failure === null, ...told, lastMessage, session, usage };
    },
  };
}

function failureOf(failure: string): Failure {
  const cause = LIMIT.test(failure) ? "limit" : AUTH.test(failure) ? "auth" : "other";
  return { failure, cause, resetsAt: null };
}

function unfinished(lastError: string | null): Failure {
  const hint = lastError === null ? "" : `; its last error output: ${lastError.slice(0, 500)}`;
  return { failure: `gemini ended without its result${hint}`, cause: "other", resetsAt: null };
}

function toolEvents({ tool_name: tool, parameters }: GeminiEvent): readonly AgentEvent[] {
  if (parameters === null) return [];
  if (tool === "run_shell_command" && parameters.command !== null) {
    return [{ kind: "command", command: parameters.command }];
  }
  const writes = tool === "write_file" || tool === "replace";
  return writes && parameters.file_path !== null ? [{ kind: "file", path: parameters.file_path }] : [];
}

function usageOf({ stats }: GeminiEvent): Usage | null {
  if (stats === null) return null;
  const { input_tokens, cached, output_tokens } = stats;
  return { inputTokens: input_tokens, cachedTokens: cached, outputTokens: output_tokens, costUsd: null };
}
