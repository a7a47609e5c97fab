/**
 * The last lines of a run for its final answer, as people read them: what a CLI prints as JSON is told by the events
 * read from it, everything else stands as it was printed. The whole output is in the run's log.
 */
import type { OutputReader } from "../agents/agent.ts";
import { activityLine } from "./activity.ts";

const LINES = 20;
const LONGEST = 2000;
/** Much more than a line and a secret. */
const LONGEST_READ = 64 * 1024;

/** The reader as it was, keeping a tail beside it. */
export function withTail(
  reader: OutputReader,
  redact: (text: string) => string,
): { readonly reader: OutputReader; readonly tail: () => readonly string[] } {
  const lines: string[] = [];
  const keep = (text: string): void => {
    const line = text.slice(0, LONGEST_READ).trimEnd();
    if (line === "" || line === lines.at(-1)) return;
    lines.push(line);
    if (lines.length > LINES) lines.shift();
  };
  return {
    // At the end, since a login may be renewed meanwhile; before it is cut, since half a secret would not be found.
    tail: () => lines.map((line) => redact(line).slice(0, LONGEST)),
    reader: {
      line(text, stream) {
        const events = reader.line(text, stream);
        if (!isJson(text)) keep(text);
        else
          for (const event of events) for (const part of (activityLine(event) ?? "").split("\n")) keep(part);
        return events;
      },
      end: (exitCode) => reader.end(exitCode),
    },
  };
}

function isJson(text: string): boolean {
  return text.startsWith("{") && text.trimEnd().endsWith("}");
}
