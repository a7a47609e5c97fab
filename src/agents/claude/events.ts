/**
 * The shape of the lines of `claude -p --output-format stream-json`, as far as we read them. A field of another shape
 * reads as missing and unknown events pass, so that a newer claude does not break a run.
 */
import { z } from "zod";

/** No event we need comes near it; a longer line is some tool's output. */
const MAX_LINE_CHARS = 1024 * 1024;

const words = z.string().trim().min(1).nullable().catch(null);
const amount = z.number().nonnegative().catch(0);

const todo = z.object({ content: z.string(), status: z.string().catch("") });

const block = z.object({
  type: z.string().catch(""),
  text: words,
  thinking: words,
  name: words,
  input: z
    .object({ command: words, file_path: words, notebook_path: words, todos: z.array(todo).catch([]) })
    .nullable()
    .catch(null),
});

const event = z.object({
  type: z.string(),
  subtype: z.string().catch(""),
  /** A UUID or nothing: it goes into the next attempt's arguments, and what the agent ran may have forged it. */
  session_id: z.guid().nullable().catch(null),
  /** Set on what a subagent says. */
  parent_tool_use_id: words,
  /** True on a message that the CLI made up from an API error. */
  is_api_error_message: z.boolean().catch(false),
  message: z
    .object({ content: z.array(block).catch([]) })
    .nullable()
    .catch(null),
  attempt: amount,
  max_retries: amount,
  error_status: z.number().nullable().catch(null),
  rate_limit_info: z
    .object({
      status: z.string().catch(""),
      resetsAt: z.number().positive().nullable().catch(null),
      rateLimitType: words,
    })
    .nullable()
    .catch(null),
  is_error: z.boolean().nullable().catch(null),
  api_error_status: z.number().nullable().catch(null),
  result: words,
  /** Why the CLI itself could not go on, as with a session it does not know; then there is no `result`. */
  errors: z.array(z.string()).catch([]),
  total_cost_usd: z.number().nonnegative().nullable().catch(null),
  usage: z
    .object({
      input_tokens: amount,
      cache_creation_input_tokens: amount,
      cache_read_input_tokens: amount,
      output_tokens: amount,
    })
    .nullable()
    .catch(null),
});

export type ClaudeEvent = z.infer<typeof event>;
export type ClaudeBlock = z.infer<typeof block>;

/** The event on the line; null when there is none. */
export function parseEvent(line: string): ClaudeEvent | null {
  if (line.length > MAX_LINE_CHARS) return null;
  try {
    return event.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}
