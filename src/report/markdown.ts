/**
 * Makes text written by others (agents, logs, issue authors) safe inside a comment: it notifies nobody, opens or
 * closes no HTML, loads no picture, can not be taken for a command, and has a length. Works on any Markdown without
 * parsing it: a zero-width space is put where two characters would mean something together.
 */

const ZERO_WIDTH = "\u200b";
/** Control and format characters: what a reader can not see. Tab, newline and the joiner of emoji stay. */
const HIDDEN = /(?![\t\n\u200d])[\p{Cc}\p{Cf}]/gu;
/** Colours and titles for a terminal; of the control characters only escape begins one. */
const ANSI = /(?![\t\n])\p{Cc}(?:\[[0-9;?]*[ -/]*[@-~]|\][^\p{Cc}]{0,200}(?:\p{Cc}\\?)?)/gu;

/** Words by which a forge closes, opens or marks another issue, when a number or address follows. */
const KEYWORD =
  /\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?|reopen(?:s|ed)?|duplicate of)(?=:?\s{1,9}(?:[\w.-]{0,100}\/[\w.-]{0,100})?(?:[#!]|gh-|https?:))/gi;

function visible(text: string): string {
  return text.toWellFormed().replace(/\r\n?/g, "\n").replace(ANSI, "").replace(HIDDEN, "");
}

function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const kept = text.slice(0, most).replace(/[\ud800-\udbff]$/, "");
  return `${kept}\n… (${text.length - kept.length} more characters)`;
}

/** No line of the text begins with the bot's command. */
function notCommand(text: string): string {
  return text.replace(/^([ \t\u00a0]*)\/(?=dispatch)/gim, `$1${ZERO_WIDTH}/`);
}

/** Nobody is notified and no other issue is closed. */
function reachless(text: string): string {
  return text.replace(/@(?=[\p{L}\p{N}_-])/gu, `@${ZERO_WIDTH}`).replace(KEYWORD, `$1${ZERO_WIDTH}`);
}

/** Markdown of others, with what would reach out of the comment taken from it. `most` counts characters. */
export function inert(text: string, most: number): string {
  const broken = reachless(cut(visible(text).trim(), most))
    .replace(/<(?=[A-Za-z/!?])/g, `<${ZERO_WIDTH}`)
    .replace(/&(?=[#\p{L}])/gu, `&${ZERO_WIDTH}`)
    .replace(/!\[/g, `!${ZERO_WIDTH}[`);
  return notCommand(broken);
}

/** Others' Markdown standing by itself: what follows it is not drawn into a code block it left open. */
export function standing(text: string, most: number): string {
  const body = inert(text, most);
  let open = "";
  for (const line of body.split("\n")) {
    const run = /^ {0,3}(`{3,}|~{3,})([^`]*)$/.exec(line);
    if (!run?.[1]) continue;
    if (!open) open = run[1];
    else if (run[1].startsWith(open) && run[2]?.trim() === "") open = "";
  }
  return open ? `${body}\n${open}` : body;
}

/** Others' Markdown as a quote: an open fence or list in it ends with the quote. */
export function quoted(text: string, most: number): string {
  return inert(text, most)
    .split("\n")
    .map((line) => (line ? `> ${line}` : ">"))
    .join("\n");
}

/**
 * One line as a title or a commit's subject takes it: plain text, no Markdown. A forge reads both for names and for
 * issues to close, a title at the latest when it becomes the commit of a squashed merge. `most` counts characters.
 */
export function plainLine(text: string, most: number): string {
  const line = reachless(visible(text).replace(/\s+/g, " ").trim());
  if (line.length <= most) return line;
  return `${line
    .slice(0, most - 1)
    .replace(/[\ud800-\udbff]$/, "")
    .trimEnd()}…`;
}

/** One line of others' text inside a sentence. */
export function inline(text: string, most: number): string {
  return inert(text.replace(/\s+/g, " "), most)
    .replace(/\n/g, " ")
    .replace(/([`*_~[\]|\\])/g, "\\$1");
}

/** A name or word in a code span it can not leave. */
export function code(text: string): string {
  const clean = visible(text).replace(/\s+/g, " ").trim();
  const longest = Math.max(0, ...[...clean.matchAll(/`+/g)].map((run) => run[0].length));
  const tick = "`".repeat(longest + 1);
  const pad = longest > 0 ? " " : "";
  return clean ? `${tick}${pad}${cut(clean, 200).replace(/\n/g, " ")}${pad}${tick}` : "``(empty)``";
}

/** Others' text as it is, in a fence longer than any it holds. */
export function fenced(text: string, most: number, info = "text"): string {
  const body = notCommand(cut(visible(text).replace(/\n+$/, ""), most));
  const longest = Math.max(2, ...[...body.matchAll(/`{3,}/g)].map((run) => run[0].length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${info}\n${body}\n${fence}`;
}

/** Folded; the summary is ours. */
export function folded(summary: string, body: string): string {
  return `<details>\n<summary>${summary}</summary>\n\n${body}\n\n</details>`;
}
