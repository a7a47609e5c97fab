/** Anthropic's Messages API, as claude speaks it. */
import { type Api, type Call, resetsAt, type SpokenFailure } from "./api.ts";
import { field, items, str, textOf } from "./json.ts";
import { events, json, type Reply } from "./reply.ts";
import type { Turn } from "./script.ts";

export const anthropic: Api = {
  turn({ path, body }): Turn | null {
    if (!path.endsWith("/messages")) return null;
    const messages = items(field(body, "messages"));
    const asked = messages.findLastIndex(
      (message) => field(message, "role") === "user" && !isResult(message),
    );
    return {
      api: "anthropic",
      model: str(field(body, "model")),
      prompt: textOf(field(messages[asked], "content")),
      step: messages.slice(asked + 1).filter(isResult).length,
    };
  },
  answer(call, step) {
    // Without tools the CLI asks for something of its own, a title for the session.
    if (items(field(call.body, "tools")).length === 0)
      return reply(call, { type: "text", text: '{"title":"fake"}' });
    if ("say" in step) return reply(call, { type: "text", text: step.say });
    const input = { command: step.shell, description: "a scripted step" };
    return reply(call, { type: "tool_use", id: `toolu_${call.number}`, name: "Bash", input });
  },
  failure,
};

function isResult(message: unknown): boolean {
  return items(field(message, "content")).some((part) => field(part, "type") === "tool_result");
}

type Block =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "tool_use"; readonly id: string; readonly name: string; readonly input: unknown };

const USAGE = {
  input_tokens: 200,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 1000,
  output_tokens: 34,
};

function reply({ number, body }: Call, block: Block): Reply {
  const stop_reason = block.type === "tool_use" ? "tool_use" : "end_turn";
  const head = { id: `msg_${number}`, type: "message", role: "assistant", model: str(field(body, "model")) };
  if (field(body, "stream") !== true) {
    return json(200, { ...head, content: [block], stop_reason, stop_sequence: null, usage: USAGE });
  }
  const begin = { ...head, content: [], stop_reason: null, stop_sequence: null, usage: USAGE };
  return events(
    [
      { type: "message_start", message: begin },
      ...blockEvents(block),
      { type: "message_delta", delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 34 } },
      { type: "message_stop" },
    ],
    true,
  );
}

function blockEvents(block: Block): readonly Readonly<Record<string, unknown>>[] {
  const [empty, delta] =
    block.type === "text"
      ? [
          { type: "text", text: "" },
          { type: "text_delta", text: block.text },
        ]
      : [
          { ...block, input: {} },
          { type: "input_json_delta", partial_json: JSON.stringify(block.input) },
        ];
  return [
    { type: "content_block_start", index: 0, content_block: empty },
    { type: "content_block_delta", index: 0, delta },
    { type: "content_block_stop", index: 0 },
  ];
}

function failure(failure: SpokenFailure): Reply {
  const error = (status: number, type: string, message: string, headers = {}) =>
    json(status, { type: "error", error: { type, message } }, headers);
  switch (failure) {
    case "unauthorized":
      return error(401, "authentication_error", "invalid x-api-key");
    case "rate_limited":
      return error(429, "rate_limit_error", "This request would exceed your organization's rate limit");
    case "usage_limit":
      return error(429, "rate_limit_error", "This request would exceed your account's rate limit", usedUp());
    case "server_error":
      return error(500, "api_error", "Internal server error");
  }
}

/** How a used-up subscription is told: in headers. */
function usedUp(): Readonly<Record<string, string>> {
  const prefix = "anthropic-ratelimit-unified";
  const reset = String(resetsAt());
  return {
    [`${prefix}-status`]: "rejected",
    [`${prefix}-reset`]: reset,
    [`${prefix}-representative-claim`]: "five_hour",
    [`${prefix}-5h-status`]: "rejected",
    [`${prefix}-5h-reset`]: reset,
    [`${prefix}-5h-utilization`]: "1.0",
    "x-should-retry": "false",
  };
}
