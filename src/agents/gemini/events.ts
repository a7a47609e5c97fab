/**
 * The shape of the lines of `gemini --output-format stream-json`, as far as we read them. A field of another shape
 * reads as missing and unknown events pass, so that a newer gemini does not break a run.
 */
import { z } from "zod";

/** No event we need comes near it; a longer line is some tool's output. */
const MAX_LINE_CHARS = 1024 * 1024;

const words = z.string().min(1).nullable().catch(null);
const tokens = z.number().nonnegative().catch(0);

const event = z.object({
  type: z.string(),
  /** A UUID or nothing: it goes into the next attempt's arguments, and what the agent ran may have forged it. */
  session_id: z.guid().nullable().catch(null),
  role: words,
  content: words,
  tool_name: words,
  parameters: z.object({ command: words, file_path: words }).nullable().catch(null),
  severity: words,
  message: words,
  status: words,
  error: z.object({ message: words }).nullable().catch(null),
  stats: z.object({ input_tokens: tokens, cached: tokens, output_tokens: tokens }).nullable().catch(null),
});

export type GeminiEvent = z.infer<typeof event>;

/** The event on the line; null when there is none. */
export function parseEvent(line: string): GeminiEvent | null {
  if (line.length > MAX_LINE_CHARS) return null;
  try {
    return event.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}
