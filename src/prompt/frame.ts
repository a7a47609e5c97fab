/**
 * Puts other people's text between marker lines that carry a random token, so that no text can close its own frame,
 * and cuts what is too long, saying so. Pure; it keeps count of what was taken out on the way.
 */
import { visible } from "./hidden.ts";

export interface Framer {
  /** `kind` names what it is ("issue"); `text` is cut after `max` characters. */
  frame(kind: string, text: string, max: number): string;
  /** Without a frame: the words of somebody who may command. What they pasted may hold hidden text all the same. */
  plain(text: string, max: number): string;
  /** Hidden characters and comments taken out so far. */
  hidden(): number;
}

/** `nonce` must be unguessable and new for each prompt. */
export function createFramer(nonce: string): Framer {
  let hidden = 0;
  const plain = (text: string, max: number) => {
    // Far beyond what fits nothing is looked at: a text may have megabytes.
    const near = text.slice(0, 4 * max);
    const shown = visible(near);
    hidden += shown.hidden;
    return cut(shown.text.replaceAll(nonce, "").trim(), max, text.length - near.length);
  };
  return {
    plain,
    frame: (kind, text, max) => {
      const body = plain(text, max) || "(empty)";
      return `<<<${kind} ${nonce}\n${body}\n${nonce} end of ${kind}>>>`;
    },
    hidden: () => hidden,
  };
}

/** Keeps the beginning, and tells how much is missing. */
export function cut(text: string, max: number, alreadyCut = 0): string {
  const more = Math.max(0, text.length - max) + alreadyCut;
  if (more === 0) return text;
  return `${text.slice(0, max).toWellFormed().trimEnd()}\n[cut here: ${more} more characters]`;
}
