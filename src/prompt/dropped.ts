/**
 * Markup that a page drops or hides, outside of code, where it is shown as it is. Pure. Whichever begins first counts,
 * code or what is dropped. Every search is bounded, so that no text can make it take long.
 */

/** Where code or something dropped may begin. */
const OPENING =
  /^ {0,3}(?<fence>`{3,}|~{3,})[^\n]*$|`+|<(?:script|style|template|noscript|iframe|object)\b|<\?|<![A-Z[]/gim;
/** How far its end is looked for; a fence ends with the text at the latest. */
const NEAR = 4_000;
const LONGEST_OPENING = 100;
/** Room for a sentence in a tag, where no reader sees it: `alt`, `title`, `data-…`; and in an image's `![…]`. */
const TAG = /<[A-Za-z][A-Za-z0-9-]{0,40}\s[^<>]{0,8000}>/g;
const ATTRIBUTE =
  /\s(?!(?:href|src|srcset)\b)[\w:@-]{1,60}\s{0,9}=\s{0,9}(?:"[^"]{61,8000}"|'[^']{61,8000}')/gi;
const ALT = /!\[[^\]\n[]{61,8000}\](?=[([])/g;
const LINK = /\]\([^\s()]{0,2000}[ \t\n]{1,9}(?:"[^"\n]{61,8000}"|'[^'\n]{61,8000}')\s{0,9}\)/g;
const LINK_TITLE = /\s+["'][\s\S]*$/;

/** `out` counts what is taken out, and is what stands in its place. */
export function withoutDropped(text: string, out: () => string): string {
  let shown = "";
  let from = 0;
  OPENING.lastIndex = 0;
  for (let found = OPENING.exec(text); found; found = OPENING.exec(text)) {
    const end = endOf(text, found);
    if (end === null) continue;
    const isCode = /^ {0,3}[`~]/.test(found[0]);
    shown += tidy(text.slice(from, found.index), out) + (isCode ? text.slice(found.index, end) : out());
    from = end;
    OPENING.lastIndex = end;
  }
  return shown + tidy(text.slice(from), out);
}

/** Null when nothing ends it, so that it is but text. */
function endOf(text: string, { 0: opening, index, groups }: RegExpExecArray): number | null {
  const start = index + opening.length;
  if (opening.length > LONGEST_OPENING && !groups?.fence) return null;
  if (groups?.fence) return endOfFence(text, start, groups.fence);
  const near = text.slice(start, start + NEAR);
  const closing = closingOf(opening).exec(near);
  return closing ? start + closing.index + closing[0].length : null;
}

function closingOf(opening: string): RegExp {
  if (opening.startsWith("`")) return new RegExp(`(?<!\`)${opening}(?!\`)`);
  if (opening === "<?") return /\?>/;
  if (opening.startsWith("<!")) return />/;
  return new RegExp(`</${opening.slice(1)}\\s{0,9}>`, "i");
}

function endOfFence(text: string, start: number, fence: string): number {
  // A shorter fence for one that nobody types may end the code earlier: then more is looked at.
  const closing = new RegExp(`^ {0,3}${fence.slice(0, LONGEST_OPENING)}[\`~]*[ \\t]*$`, "gm");
  closing.lastIndex = start;
  return closing.exec(text) ? closing.lastIndex : text.length;
}

function tidy(text: string, out: () => string): string {
  return text
    .replace(TAG, (tag) => tag.replace(ATTRIBUTE, out))
    .replace(ALT, () => `${out()}![]`)
    .replace(LINK, (link) => `${link.replace(LINK_TITLE, "")}${out()})`);
}
