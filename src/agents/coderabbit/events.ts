/**
 * The shape of the lines of `coderabbit review --agent`, as far as we read them, by
 * https://docs.coderabbit.ai/cli/agent-mode. A field of another shape reads as missing and unknown events pass.
 */
import { z } from "zod";

/** No event comes near it. */
const MAX_LINE_CHARS = 1024 * 1024;

const words = z.string().trim().min(1).nullable().catch(null);

const event = z.object({
  type: z.string(),
  severity: words,
  fileName: words,
  /** Only given when `codegenInstructions` is empty. */
  comment: words,
  codegenInstructions: words,
  status: words,
  message: words,
  errorType: words,
  metadata: z.object({ waitTime: words }).nullable().catch(null),
});

export type CoderabbitEvent = z.infer<typeof event>;

/** The event on the line; null when there is none. */
export function parseEvent(line: string): CoderabbitEvent | null {
  if (line.length > MAX_LINE_CHARS) return null;
  try {
    return event.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}
