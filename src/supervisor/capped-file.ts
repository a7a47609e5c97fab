/**
 * A file of lines that never grows beyond `maxBytes`. The first half is kept for good; what follows rotates through
 * two files of a quarter each beside it (`.1`, `.2`), so that the latest part is on disk at every moment, and
 * `close` puts all together with a line on how much is missing. After a crash the three files are still there.
 */
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";

export interface CappedFile {
  /** Whole lines. */
  append(text: string): void;
  /** Never throws. */
  close(): void;
}

/** Begins the file anew, and its folder if there is none. */
export function createCappedFile(file: string, maxBytes: number): CappedFile {
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
    writeFileSync(current.fd, bytes);
    current.size += bytes.length;
    headRoom -= bytes.length;
  };
  const join = () => {
    try {
      if (dropped > 0) writeFileSync(head, `[${dropped} bytes of the log were dropped here]\n`);
      if (olderSize > 0) writeFileSync(head, readFileSync(older));
      writeFileSync(head, readFileSync(newer));
      rmSync(older, { force: true });
      rmSync(newer, { force: true });
    } catch {
      // No room on the disk: the parts stay where they are.
    }
  };
  return {
    append(text: string) {
      // In pieces of whole lines, so that no rotation cuts one.
      for (const piece of pieces(Buffer.from(text), maxBytes / 8)) put(piece);
    },
    close() {
      if (current.fd !== head) {
        closeSync(current.fd);
        join();
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
