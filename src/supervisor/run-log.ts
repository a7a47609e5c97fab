/**
 * The readable log of one attempt, on disk as the agent speaks. Every line is redacted before it is written
 * anywhere. Within `maxBytes` the first half is kept for good; the rest rotates through two files beside the log
 * (`.1`, `.2`), so that the latest part is always on disk, and `close` puts all together with a line on what is
 * missing. It is no store of truth: the raw output is the runtime's, the outcome is the run's.
 */
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

export interface RunLog {
  /** One line without its end. */
  write(stream: "stdout" | "stderr", line: string): void;
  /** The last `n` lines (at most 100) as they are in the log; long ones are shortened. Works after `close`. */
  tail(n: number): readonly string[];
  /** Writes out what is waiting. Safe twice; lines written afterwards are dropped. */
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
  const flush = () => {
    if (waiting === "") return;
    const text = waiting;
    waiting = "";
    files.append(text);
  };
  return {
    write(stream, line) {
      if (!open) return;
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

/** First half for good, then two rotating quarters. */
function createCappedFile(file: string, maxBytes: number) {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const older = `${file}.1`;
  const newer = `${file}.2`;
  rmSync(older, { force: true });
  rmSync(newer, { force: true });
  const head = openNew(file);
  let headRoom = Math.floor(maxBytes / 2);
  let current = { fd: head, size: 0 };
  let olderSize = 0;
  let dropped = 0;
  const rotate = () => {
    closeSync(current.fd);
    dropped += olderSize;
    olderSize = current.size;
    renameSync(newer, older);
    current = { fd: openNew(newer), size: 0 };
  };
  const put = (bytes: Buffer) => {
    if (current.fd === head && bytes.length > headRoom) {
      headRoom = 0;
      current = { fd: openNew(newer), size: 0 };
    } else if (current.fd !== head && current.size + bytes.length > maxBytes / 4 && current.size > 0)
      rotate();
    writeSync(current.fd, bytes);
    current.size += bytes.length;
    headRoom -= bytes.length;
  };
  return {
    append(text: string) {
      // In pieces of whole lines, so that no rotation cuts one.
      for (const piece of pieces(Buffer.from(text), maxBytes / 8)) put(piece);
    },
    close() {
      if (current.fd !== head) {
        closeSync(current.fd);
        if (dropped > 0) writeSync(head, `[${dropped} bytes of the log were dropped here]\n`);
        if (olderSize > 0) writeSync(head, readFileSync(older));
        writeSync(head, readFileSync(newer));
        rmSync(older, { force: true });
        rmSync(newer, { force: true });
      }
      closeSync(head);
    },
  };
}

function openNew(file: string): number {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_APPEND, O_NOFOLLOW } = constants;
  return openSync(file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW, 0o600);
}

/** Whole lines together, as many as fit into `most` bytes; a longer line stands alone. */
function* pieces(bytes: Buffer, most: number): Generator<Buffer> {
  let from = 0;
  let to = 0;
  while (to < bytes.length) {
    const next = bytes.indexOf(10, to) + 1 || bytes.length;
    if (next - from > most && to > from) {
      yield bytes.subarray(from, to);
      from = to;
    }
    to = next;
  }
  if (to > from) yield bytes.subarray(from, to);
}
