/**
 * Puts other people's text between marker lines that carry a random token, so that no text can close its own frame,
 * and cuts what is too long, saying so. Pure; it keeps count of what was taken out on the way.
 */
import { visible } from "./hidden.ts";

export interface Framer {
  /** `kind` names what it is ("issue"); `text` is cut after `max` characters. */
  frame(kind: string, text: string, max: number): string;
  /** Hidden characters and comments taken out so far. */
  hidden(): number;
}

/** `nonce` must be unguessable and new for each prompt. */
export function createFramer(nonce: string): Framer {
  let hidden = 0;
  return {
    frame: (kind, text, max) => {
      const shown = visible(text);
      hidden += shown.hidden;
      const body = cut(shown.text.replaceAll(nonce, "").trim(), max) || "(empty)";
      return `<<<${kind} ${nonce}\n${body}\n${nonce} end of ${kind}>>>`;
    },
    hidden: () => hidden,
  };
}

/** Keeps the beginning, and tells how much is missing. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  return `${text.slice(0, max).toWellFormed().trimEnd()}\n[cut here: ${text.length - max} more characters]`;
}
