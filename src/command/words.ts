/**
 * Reads the head of a command word by word, with quotes; what follows the head is free text and is never split.
 * Also says how near two words are, for "did you mean". Pure.
 */

/** Blanks inside a line; phones and word processors write other spaces than ASCII's. */
const BLANK = /[ \t\u00a0\u2000-\u200a\u202f\u205f\u3000]/;
const CLOSING: Readonly<Record<string, string>> = { '"': '"', "'": "'", "“": "”" };
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t" };

export interface Word {
  readonly text: string;
  /** False when a quote was opened and not closed on the line. */
  readonly closed: boolean;
  readonly quoted: boolean;
}

/** Walks one line from `at` to `end`. */
export class WordReader {
  readonly #text: string;
  readonly #end: number;
  #at: number;

  constructor(text: string, at: number, end: number) {
    this.#text = text;
    this.#at = at;
    this.#end = end;
  }

  /** Where the next word begins. */
  get at(): number {
    while (this.#at < this.#end && BLANK.test(this.#text[this.#at] ?? "")) this.#at += 1;
    return this.#at;
  }

  /** The next word as it is written, without taking it; "" at the end of the line. */
  peek(): string {
    const start = this.at;
    let end = start;
    while (end < this.#end && !BLANK.test(this.#text[end] ?? "")) end += 1;
    return this.#text.slice(start, end);
  }

  /** Takes the next word, quotes taken off and escapes resolved; null at the end of the line. */
  next(): Word | null {
    if (this.at >= this.#end) return null;
    let text = "";
    let quoted = false;
    while (this.#at < this.#end) {
      const char = this.#text[this.#at] ?? "";
      if (BLANK.test(char)) break;
      const closing = CLOSING[char];
      this.#at += 1;
      if (!closing) {
        text += char;
        continue;
      }
      quoted = true;
      const inner = this.#quoted(closing);
      if (inner === null) return { text, closed: false, quoted };
      text += inner;
    }
    return { text, closed: true, quoted };
  }

  /** What stands up to the closing quote; a backslash escapes except inside '…'. */
  #quoted(closing: string): string | null {
    let text = "";
    while (this.#at < this.#end) {
      const char = this.#text[this.#at] ?? "";
      this.#at += 1;
      if (char === closing) return text;
      if (char === "\\" && closing !== "'" && this.#at < this.#end) {
        const escaped = this.#text[this.#at] ?? "";
        this.#at += 1;
        text += ESCAPES[escaped] ?? escaped;
      } else text += char;
    }
    return null;
  }
}

/** A word of the comment as it may be shown in an answer: one line, short, in a code span it can not leave. */
export function shown(word: string): string {
  const clean = word.replace(/[\p{C}`\s]/gu, "");
  return `\`${clean.length > 40 ? `${clean.slice(0, 40)}…` : clean || "?"}\``;
}
