/**
 * Takes out of people's text what a reader of the forge's page does not see but a model would: HTML comments, elements
 * and declarations that pages drop, Markdown's unused link definitions, long texts in attributes, titles and image
 * descriptions, and invisible or direction-changing characters. Pure. It errs on the side of taking out: a comment
 * shown inside a code block goes too. What is folded (`<details>`) stays, since a reader can open it.
 */
import { withoutDropped } from "./dropped.ts";

/** A comment, or one never closed, which pages hide to the end. */
const HTML_COMMENT = /<!--[\s\S]*?(?:-->|$)/g;
/** `[//]: # (text)` and its kin: a link definition that leads nowhere, used as a comment. */
const MARKDOWN_COMMENT =
  /^ {0,3}\[[^\]\n]*\]:[ \t]*(?:#|<>|<#>)[ \t]*(?:\([^\n]*\)|"[^\n]*"|'[^\n]*')?[ \t]*$/gm;
/** Joins emoji into one picture, which people do see. */
const EMOJI_JOINER =
  /(?<=\p{Extended_Pictographic}\u{FE0F}?\p{Emoji_Modifier}?)\u{200D}(?=\p{Extended_Pictographic})/gu;
const KEPT_JOINER = "\u{F8FF}";
/** Format characters: zero width, directions, tags. */
const FORMAT = /\p{Cf}/u;
/** Blanks that are letters, and marks and selectors that show nothing; an emoji's own selector (FE0F) is kept. */
const BLANK =
  /\u{034F}|\u{115F}|\u{1160}|\u{17B4}|\u{17B5}|[\u{180B}-\u{180F}]|\u{2800}|\u{3164}|[\u{FE00}-\u{FE0E}]|\u{FFA0}|[\u{E0100}-\u{E01EF}]/u;
const CONTROL = /(?![\t\n])\p{Cc}/u;
const INVISIBLE = new RegExp([FORMAT, BLANK, CONTROL].map((part) => part.source).join("|"), "gu");

export interface Visible {
  readonly text: string;
  /** How many comments and characters were taken out. */
  readonly hidden: number;
}

/** The text as a reader sees it, with line ends made `\n`. */
export function visible(text: string): Visible {
  let hidden = 0;
  const out = () => {
    hidden += 1;
    return "";
  };
  const shown = text
    .replace(/\r\n?/g, "\n")
    .replaceAll(KEPT_JOINER, "")
    .replace(EMOJI_JOINER, KEPT_JOINER)
    .replace(INVISIBLE, out)
    .replaceAll(KEPT_JOINER, "\u{200D}")
    .replace(HTML_COMMENT, out)
    .replace(MARKDOWN_COMMENT, out);
  return { text: withoutDropped(shown, out), hidden };
}
