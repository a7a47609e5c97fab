/**
 * The readable log of one attempt, on disk as the agent speaks. Every line is redacted before it is written
 * anywhere. How it stays within `maxBytes` is `capped-file.ts`. It is no store of truth: the raw
 * output is the runtime's, the outcome is the run's.
 */
import { createCappedFile } from "./capped-file.ts";

export interface RunLog {
  /** One line without its end. Throws when an earlier one could not be written, as on a full disk. */
  write(stream: "stdout" | "stderr", line: string): void;
  /** The last `n` lines (at most 100) as they are in the log; long ones are shortened. Works after `close`. */
  tail(n: number): readonly string[];
  /** Writes out what is waiting; never throws. Safe twice; lines written afterwards are dropped. */
  close(): void;
}

export interface RunLogOptions {
  readonly file: string;
  readonly maxBytes: number;
  readonly redact: (text: string) => string;
}

const LONGEST_LINE = 64 * 1024;
const TAIL_LINES = 100;
const LONGEST_TAIL_LINE = 500;
/** Lines wait in memory for the end of this turn of the event loop, but no more than so many characters of them. */
const MOST_WAITING = 64 * 1024;

/** Starts the file anew: an adopted run's output is read again from its start. */
export function createRunLog(options: RunLogOptions): RunLog {
  const files = createCappedFile(options.file, options.maxBytes);
  const longest = Math.min(LONGEST_LINE, Math.floor(options.maxBytes / 16));
  const last: string[] = [];
  let waiting = "";
  let open = true;
  let failure: unknown = null;
  const flush = () => {
    if (waiting === "") return;
    const text = waiting;
    waiting = "";
    try {
      files.append(text);
    } catch (error) {
      // Thrown to the next writer, not into the event loop, where it would take the server down.
      failure = error;
    }
  };
  return {
    write(stream, line) {
      if (!open) return;
      if (failure !== null) throw failure;
      const text = shorten(options.redact(line), longest);
      const logged = stream === "stderr" ? `[stderr] ${text}` : text;
      last.push(shorten(logged, LONGEST_TAIL_LINE));
      if (last.length > TAIL_LINES) last.shift();
      if (waiting === "") setImmediate(flush);
      waiting += `${logged}\n`;
      if (waiting.length >= MOST_WAITING) flush();
    },
    tail: (n) => (n <= 0 ? [] : last.slice(-n)),
    close() {
      if (!open) return;
      flush();
      open = false;
      files.close();
    },
  };
}

/** The copy keeps a short line from holding a long one in memory. */
function shorten(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${Buffer.from(text.slice(0, most)).toString()} [${text.length - most} more characters]`;
}
