/**
 * The shape of the lines of `codex exec --json`, as far as we read them. A field of another shape reads as missing
 * and unknown events pass, so that a newer codex does not break a run.
 */
import { z } from "zod";

/** No event comes near it; a longer line is some tool's output. */
const MAX_LINE_CHARS = 1024 * 1024;

const words = z.string().trim().min(1).nullable().catch(null);
const tokens = z.number().nonnegative().catch(0);

const item = z.object({
  type: z.string().catch(""),
  text: words,
  command: words,
  changes: z.array(z.object({ path: z.string().min(1) })).catch([]),
  items: z.array(z.object({ text: z.string(), completed: z.boolean().catch(false) })).catch([]),
});

const event = z.object({
  type: z.string(),
  /** A UUID or nothing: it goes into the next attempt's arguments, and what the agent ran may have forged it. */
  thread_id: z.guid().nullable().catch(null),
  message: words,
  error: z.object({ message: words }).nullable().catch(null),
  item: item.nullable().catch(null),
  usage: z
    .object({ input_tokens: tokens, cached_input_tokens: tokens, output_tokens: tokens })
    .nullable()
    .catch(null),
});

export type CodexEvent = z.infer<typeof event>;
export type CodexItem = z.infer<typeof item>;

/** The event on the line; null when there is none. */
export function parseEvent(line: string): CodexEvent | null {
  if (line.length > MAX_LINE_CHARS) return null;
  try {
    return event.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}
