/** OpenAI's Responses API, as codex speaks it: also for Ollama's models, which codex asks in the same way. */
import { type Api, type Call, resetsAt, type SpokenFailure } from "./api.ts";
import { field, items, str, textOf } from "./json.ts";
import { events, json, type Reply } from "./reply.ts";
import type { Turn } from "./script.ts";

export const openai: Api = {
  turn({ path, body }): Turn | null {
    if (!path.endsWith("/responses")) return null;
    const input = items(field(body, "input"));
    const asked = input.findLastIndex((item) => field(item, "role") === "user");
    return {
      api: "openai",
      model: str(field(body, "model")),
      prompt: textOf(field(input[asked], "content")),
      step: input.slice(asked + 1).filter((item) => str(field(item, "type")).endsWith("_output")).length,
    };
  },
  answer(call, step) {
    return "shell" in step
      ? stream(call, shellCall(call, step.shell))
      : stream(call, message(call, step.say));
  },
  failure,
};

type Item = Readonly<Record<string, unknown>>;

function message({ number }: Call, text: string): Item {
  const content = [{ type: "output_text", text, annotations: [] }];
  return { type: "message", id: `msg_${number}`, role: "assistant", status: "completed", content };
}

/** Codex offers different tools to different models. */
function shellCall(call: Call, command: string): Item {
  const tools = offered(call.body);
  const head = { id: `fc_${call.number}`, call_id: `call_${call.number}`, status: "completed" };
  const make = (name: string, args: unknown): Item => ({
    ...head,
    type: "function_call",
    name,
    arguments: JSON.stringify(args),
  });
  if (tools.includes("exec_command")) return make("exec_command", { cmd: command });
  if (tools.includes("shell_command")) return make("shell_command", { command });
  if (tools.includes("shell")) return make("shell", { command: ["bash", "-lc", command] });
  const input = `const r = await tools.exec_command({cmd: ${JSON.stringify(command)}}); text(r.output);`;
  return { ...head, type: "custom_tool_call", name: "exec", input };
}

/** Names of tools, those inside namespaces and those added in the conversation included. */
function offered(body: unknown): readonly string[] {
  const added = items(field(body, "input")).flatMap((item) => items(field(item, "tools")));
  const tools = [...items(field(body, "tools")), ...added];
  return tools
    .flatMap((tool) => (field(tool, "type") === "namespace" ? items(field(tool, "tools")) : [tool]))
    .map((tool) => str(field(tool, "name")));
}

const USAGE = {
  input_tokens: 1200,
  input_tokens_details: { cached_tokens: 1000 },
  output_tokens: 34,
  output_tokens_details: { reasoning_tokens: 4 },
  total_tokens: 1234,
};

function stream({ number, body }: Call, item: Item): Reply {
  const head = { id: `resp_${number}`, object: "response", created_at: 1, model: str(field(body, "model")) };
  return events(
    [
      { type: "response.created", response: { ...head, status: "in_progress", output: [], usage: null } },
      { type: "response.output_item.added", output_index: 0, item },
      { type: "response.output_item.done", output_index: 0, item },
      {
        type: "response.completed",
        response: { ...head, status: "completed", output: [item], usage: USAGE },
      },
    ],
    true,
  );
}

function failure(failure: SpokenFailure): Reply {
  const error = (status: number, type: string, code: string, message: string) =>
    json(status, { error: { message, type, param: null, code } });
  switch (failure) {
    case "unauthorized":
      return error(401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided.");
    case "rate_limited":
      return error(429, "tokens", "rate_limit_exceeded", "Rate limit reached on tokens per min (TPM)");
    case "usage_limit":
      return json(429, {
        error: {
          type: "usage_limit_reached",
          message: "The usage limit has been reached",
          plan_type: "plus",
          resets_at: resetsAt(),
        },
      });
    case "server_error":
      return error(500, "server_error", "server_error", "The server had an error");
  }
}
