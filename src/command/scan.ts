/**
 * Finds the lines of a comment that are commands: what a reader sees as plain text at the start of a line. Skips
 * fenced code (also unclosed), indented code, quotes and HTML comments. It knows just enough Markdown for that and
 * reads nothing of the command itself. When in doubt a line is no command. Linear in the length of the text.
 */

/** A line that may be a command: where its first word ends, and where the line ends. */
export interface CommandLine {
  /** The line's first word as written, e.g. "/dispatch". */
  readonly word: string;
  readonly start: number;
  readonly afterWord: number;
  readonly end: number;
}

interface Fence {
  readonly char: string;
  readonly length: number;
  /** Columns of the list item the fence stands in; a line left of it ends the item and the fence. */
  readonly column: number;
}

const OPENING = /^((?: {0,3}(?:[-*+]|\d{1,9}[.)])[ \t]{1,4}){0,4})( {0,3})(`{3,}|~{3,})(.*)$/;
const INDENT = /^[ \t]*/;
/** At most three blanks, then a slash word. NBSP counts as a blank: phones write it. */
const SLASH_WORD = /^[ \u00a0]{0,3}(\/[^\s\u00a0]+)/;

/** All lines that begin with a slash word and are shown as text, in order. `text` has "\n" line ends only. */
export function findSlashLines(text: string): readonly CommandLine[] {
  const found: CommandLine[] = [];
  const comments = new HtmlComments(text);
  let fence: Fence | null = null;
  for (let start = 0; start <= text.length; ) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(start, end);
    if (fence && !leaves(fence, line)) {
      if (closes(fence, line)) fence = null;
    } else if (comments.hides(start)) {
      fence = null;
      comments.read(start, line);
    } else {
      fence = opens(line);
      if (!fence && !/^ {0,3}>/.test(line)) {
        const word = SLASH_WORD.exec(line);
        if (word?.[1]) found.push({ word: word[1], start, afterWord: start + word[0].length, end });
      }
      if (!fence) comments.read(start, line);
    }
    start = end + 1;
  }
  return found;
}

function opens(line: string): Fence | null {
  const match = OPENING.exec(line);
  const run = match?.[3];
  if (!match || !run) return null;
  // An info string with a backtick makes it inline code, not a fence.
  if (run[0] === "`" && match[4]?.includes("`")) return null;
  return { char: run[0] ?? "`", length: run.length, column: match[1]?.length ?? 0 };
}

function leaves(fence: Fence, line: string): boolean {
  return fence.column > 0 && line.trim() !== "" && indentOf(line) < fence.column;
}

function closes(fence: Fence, line: string): boolean {
  const rest = line.trim();
  return (
    rest.length >= fence.length &&
    rest === fence.char.repeat(rest.length) &&
    indentOf(line) < fence.column + 4
  );
}

function indentOf(line: string): number {
  const blanks = INDENT.exec(line)?.[0] ?? "";
  return blanks.includes("\t") ? 4 : blanks.length;
}

/** Where `<!-- -->` hides text. Read line by line, so that a `<!--` inside code does not count. */
class HtmlComments {
  readonly #text: string;
  #hiddenTo = 0;
  /** Set once no "-->" is left, so that it is not looked for again. */
  #noneClosed = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** Is the character at `offset` inside a comment that began on an earlier line? */
  hides(offset: number): boolean {
    return offset < this.#hiddenTo;
  }

  /** Looks for comments that begin in the line. One at its start that is never closed hides the rest, as on a page. */
  read(start: number, line: string): void {
    let at = line.indexOf("<!--", Math.max(0, this.#hiddenTo - start));
    while (at >= 0) {
      const close = this.#noneClosed ? -1 : this.#text.indexOf("-->", start + at + 4);
      if (close < 0) {
        this.#noneClosed = true;
        if (line.slice(0, at).trim() === "") this.#hiddenTo = this.#text.length + 1;
        return;
      }
      this.#hiddenTo = close + 3;
      at = line.indexOf("<!--", this.#hiddenTo - start);
    }
  }
}
