/**
 * Bytes as they come → lines of text. Cuts at newlines before decoding, so that a character split over two chunks
 * stays whole. A line longer than the cap is cut there and its rest dropped, so that memory stays bounded.
 */

export interface Lines {
  /** The lines that this chunk completes, without their ends. */
  push(chunk: Buffer): readonly string[];
  /** The last line, if it had no end. */
  end(): readonly string[];
}

/** `maxBytes`: the longest line. */
export function createLines(maxBytes: number): Lines {
  let parts: Buffer[] = [];
  let length = 0;
  const keep = (part: Buffer) => {
    const room = maxBytes - length;
    if (room > 0 && part.length > 0) parts.push(part.length > room ? part.subarray(0, room) : part);
    length += part.length;
  };
  const take = () => {
    const line = decode(parts.length === 1 ? parts[0]! : Buffer.concat(parts), length > maxBytes);
    parts = [];
    length = 0;
    return line;
  };
  return {
    push(chunk) {
      const lines: string[] = [];
      let from = 0;
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
        keep(chunk.subarray(from, at));
        lines.push(take());
        from = at + 1;
      }
      keep(chunk.subarray(from));
      return lines;
    },
    end() {
      return length === 0 ? [] : [take()];
    },
  };
}

/** A cut may have fallen into a character: its half is left out. */
function decode(bytes: Buffer, cut: boolean): string {
  const text = bytes.toString("utf8");
  if (cut) return text.replace(/\uFFFD$/, "");
  return text.endsWith("\r") ? text.slice(0, -1) : text;
}
