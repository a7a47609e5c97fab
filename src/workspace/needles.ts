/** What is looked for before something is published, and the looking: one pass, however many forms there are. Pure. */
import { formsOf, partsOf, SHORTEST_SECRET } from "../model/secret-forms.ts";

export type Needle = Buffer;
/** Whether one of the needles stands in the content. */
export type Finder = (content: Uint8Array) => boolean;

/** Every form of each value. Lines of words in a value of several are left out: others may write them too. */
export function needlesFor(secrets: readonly string[]): readonly Needle[] {
  const forms = new Set<string>();
  for (const secret of secrets) {
    for (const part of partsOf(secret.trim())) {
      if (part === secret.trim() || !/\s/.test(part)) for (const form of formsOf(part)) forms.add(form);
    }
  }
  return [...forms].map((form) => Buffer.from(form, "utf8"));
}

const SIZE = 1 << 16;
/** Every needle is at least this long; its first bytes stand for it. */
const HEAD = SHORTEST_SECRET;
/** How many bytes are looked at at once, and so how far they may be from the end of a head: `HEAD - BLOCK`. */
const BLOCK = 3;

/**
 * The algorithm of Wu and Manber: a table says for the three bytes under the window's end how far the window may
 * move without missing a needle's head. Mostly that is 6 bytes, so most bytes are never looked at.
 */
export function createFinder(needles: readonly Needle[]): Finder {
  const moves = new Uint8Array(SIZE).fill(HEAD - BLOCK + 1);
  const ending = new Map<number, Needle[]>();
  for (const needle of needles) {
    for (let end = BLOCK - 1; end < HEAD; end++) {
      const block = blockAt(needle, end);
      moves[block] = Math.min(moves[block] ?? 0, HEAD - 1 - end);
    }
    const last = blockAt(needle, HEAD - 1);
    ending.set(last, [...(ending.get(last) ?? []), needle]);
  }
  return (content) => {
    const text = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
    const stands = (needle: Needle, at: number) =>
      at + needle.length <= text.length &&
      text.compare(needle, 0, needle.length, at, at + needle.length) === 0;
    for (let end = HEAD - 1; end < text.length; ) {
      const block = blockAt(text, end);
      const move = moves[block] ?? 0;
      if (move === 0 && ending.get(block)?.some((needle) => stands(needle, end - HEAD + 1))) return true;
      end += move || 1;
    }
    return false;
  };
}

/** The three bytes up to `end`, as a place in the table; several may share one. */
function blockAt(bytes: Uint8Array, end: number): number {
  return (((bytes[end - 2] ?? 0) << 8) ^ ((bytes[end - 1] ?? 0) << 4) ^ (bytes[end] ?? 0)) & (SIZE - 1);
}
