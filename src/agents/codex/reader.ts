/**
 * Reads `codex exec --json`. Only `turn.completed` is success and only `turn.failed` is fatal: a top-level `error`
 * is a reconnection that may work. Token counts are those of the whole thread, resumed attempts included; codex
 * tells no money.
 */
import type { Usage } from "../../model/outcome.ts";
import type { AgentEvent, AgentResult, OutputReader } from "../agent.ts";
import { type CodexEvent, type CodexItem, parseEvent } from "./events.ts";
import { parseResetTime } from "./reset-time.ts";

const AUTH = /\bstatus:? (?:401|403)\b|api key|not logged in|log ?in again|refresh token/i;
const LIMIT = /usage limit|rate limit|quota|out of credits|credit limit|spend limit|\bstatus:? 429\b/i;

type Failure = Pick<AgentResult, "failure" | "cause" | "resetsAt">;

/** `now` is epoch milliseconds. */
export function createCodexReader(now: () => number): OutputReader {
  let completed = false;
  let fatal: Failure | null = null;
  let session: string | null = null;
  let lastMessage: string | null = null;
  let lastError: string | null = null;
  let usage: Usage | null = null;

  function read(event: CodexEvent): readonly AgentEvent[] {
    switch (event.type) {
      case "thread.started":
        session = event.thread_id ?? session;
        return event.thread_id === null ? [] : [{ kind: "session", id: event.thread_id }];
      case "turn.completed":
        completed = true;
        usage = usageOf(event);
        return [];
      case "turn.failed":
        fatal ??= failureOf(event.error?.message ?? "codex gave its turn up without a reason", now());
        return fatal.cause === "limit"
          ? [{ kind: "limit", resetsAt: fatal.resetsAt, text: fatal.failure ?? "" }]
          : [];
      case "error":
        return /^reconnecting/i.test(event.message ?? "")
          ? [{ kind: "retry", text: event.message ?? "" }]
          : [];
      default:
        if (event.item === null) return [];
        if (event.type === "item.completed" && event.item.type === "agent_message")
          lastMessage = event.item.text;
        return itemEvents(event.type, event.item);
    }
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
      return { ok: failure === null, ...told, lastMessage, session, usage };
    },
  };
}

function failureOf(message: string, now: number): Failure {
  if (LIMIT.test(message))
    return { failure: message, cause: "limit", resetsAt: parseResetTime(message, now) };
  return { failure: message, cause: AUTH.test(message) ? "auth" : "other", resetsAt: null };
}

function unfinished(lastError: string | null): Failure {
  const hint = lastError === null ? "" : `; its last error output: ${lastError.slice(0, 500)}`;
  return { failure: `codex ended without completing its turn${hint}`, cause: "other", resetsAt: null };
}

function itemEvents(type: string, item: CodexItem): readonly AgentEvent[] {
  if (item.type === "todo_list") {
    return [{ kind: "plan", items: item.items.map(({ text, completed }) => ({ text, done: completed })) }];
  }
  if (item.type === "command_execution") {
    return type === "item.started" && item.command !== null
      ? [{ kind: "command", command: item.command }]
      : [];
  }
  if (type !== "item.completed") return [];
  if (item.type === "file_change") return item.changes.map(({ path }) => ({ kind: "file", path }));
  if (item.text === null) return [];
  if (item.type === "agent_message") return [{ kind: "message", text: item.text }];
  return item.type === "reasoning" ? [{ kind: "thinking", text: item.text }] : [];
}

function usageOf({ usage }: CodexEvent): Usage | null {
  if (usage === null) return null;
  return {
    inputTokens: usage.input_tokens,
    cachedTokens: usage.cached_input_tokens,
    outputTokens: usage.output_tokens,
    costUsd: null,
  };
}
