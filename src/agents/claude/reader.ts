/**
 * Reads `claude -p --output-format stream-json`. Only a `result` with `is_error` false and subtype "success" is
 * success; API errors arrive as subtype "success" with `is_error` true, so neither is enough alone. Token counts are
 * this attempt's; the cost is that of the whole session, resumed attempts included.
 */
import type { Usage } from "../../model/outcome.ts";
import type { AgentEvent, AgentResult, OutputReader } from "../agent.ts";
import { blockEvents } from "./blocks.ts";
import { type ClaudeEvent, parseEvent } from "./events.ts";

const AUTH = /api key|authenticat|not logged in|\/login|oauth token/i;
const LIMIT = /usage limit|rate limit|hit your limit|limit reached|credit balance/i;

type Failure = Pick<AgentResult, "failure" | "cause" | "resetsAt">;
type Limit = { readonly resetsAt: number | null; readonly text: string };

export function createClaudeReader(): OutputReader {
  let succeeded = false;
  let fatal: Failure | null = null;
  let limit: Limit | null = null;
  let session: string | null = null;
  let lastMessage: string | null = null;
  let lastError: string | null = null;
  let usage: Usage | null = null;

  function read(event: ClaudeEvent): readonly AgentEvent[] {
    switch (event.type) {
      case "system":
        return system(event);
      case "assistant":
        return assistant(event);
      case "rate_limit_event": {
        limit = limitOf(event);
        return limit === null ? [] : [{ kind: "limit", ...limit }];
      }
      case "result":
        result(event);
        return [];
      default:
        return [];
    }
  }

  function system(event: ClaudeEvent): readonly AgentEvent[] {
    if (event.subtype === "init" && event.session_id !== null) {
      session = event.session_id;
      return [{ kind: "session", id: session }];
    }
    if (event.subtype !== "api_retry") return [];
    const status = event.error_status === null ? "" : ` (status ${event.error_status})`;
    return [{ kind: "retry", text: `asking again, ${event.attempt} of ${event.max_retries}${status}` }];
  }

  function assistant(event: ClaudeEvent): readonly AgentEvent[] {
    if (event.is_api_error_message) return [];
    const events = (event.message?.content ?? []).flatMap(blockEvents);
    const said = events.findLast((one) => one.kind === "message");
    if (said && event.parent_tool_use_id === null) lastMessage = said.text;
    return events;
  }

  function result(event: ClaudeEvent): void {
    session = event.session_id ?? session;
    usage = usageOf(event);
    if (event.is_error === false && event.subtype === "success") {
      succeeded = true;
      lastMessage = event.result ?? lastMessage;
    } else {
      fatal ??= failureOf(event, limit);
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
      const failure = fatal ?? (succeeded ? null : unfinished(lastError, limit));
      const told = failure ?? { failure: null, cause: null, resetsAt: null };
      return { ok: failure === null, ...told, lastMessage, session, usage };
    },
  };
}

/** The CLI gives seconds since 1970. */
function limitOf({ rate_limit_info: info }: ClaudeEvent): Limit | null {
  if (info === null || info.status !== "rejected") return null;
  const which = info.rateLimitType === null ? "" : ` (${info.rateLimitType})`;
  return {
    resetsAt: info.resetsAt === null ? null : info.resetsAt * 1000,
    text: `the plan's limit is reached${which}`,
  };
}

function failureOf(event: ClaudeEvent, limit: Limit | null): Failure {
  const status = event.api_error_status;
  const own = event.errors[0]?.trim().slice(0, 500) || `claude ended with "${event.subtype || "an error"}"`;
  const failure = event.result ?? limit?.text ?? own;
  if (limit !== null || status === 429 || LIMIT.test(failure)) {
    return { failure, cause: "limit", resetsAt: limit?.resetsAt ?? null };
  }
  const auth = status === 401 || status === 403 || (status === null && AUTH.test(failure));
  return { failure, cause: auth ? "auth" : "other", resetsAt: null };
}

function unfinished(lastError: string | null, limit: Limit | null): Failure {
  if (limit !== null) return { failure: limit.text, cause: "limit", resetsAt: limit.resetsAt };
  const hint = lastError === null ? "" : `; its last error output: ${lastError.slice(0, 500)}`;
  return { failure: `claude ended without its result${hint}`, cause: "other", resetsAt: null };
}

function usageOf({ usage, total_cost_usd }: ClaudeEvent): Usage | null {
  if (usage === null) return null;
  const { input_tokens, cache_creation_input_tokens, cache_read_input_tokens, output_tokens } = usage;
  return {
    inputTokens: input_tokens + cache_creation_input_tokens + cache_read_input_tokens,
    cachedTokens: cache_read_input_tokens,
    outputTokens: output_tokens,
    costUsd: total_cost_usd,
  };
}
