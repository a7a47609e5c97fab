/**
 * Enough Markdown for the local forge's pages: paragraphs, headings, quotes, lists, code, bold, links, `#1`,
 * `<details>` and lines of `<sub>`. Everything is escaped before anything is made of it, so no text of a comment
 * becomes markup of its own.
 */

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ESCAPES[char] ?? char);
}

interface Block {
  readonly kind: "p" | "ul" | "ol" | "quote";
  readonly lines: string[];
}

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const ITEMS: readonly (readonly ["ul" | "ol" | "quote", RegExp])[] = [
  ["ul", /^\s*[-*+] +/],
  ["ol", /^\s*\d+[.)] +/],
  ["quote", /^> ?/],
];

/** The path of the issue or pull request with this number; null when there is none. */
export type PathOfNumber = (number: number) => string | null;

const NOWHERE: PathOfNumber = () => null;

export function renderMarkdown(text: string, pathOf = NOWHERE): string {
  const html: string[] = [];
  let block: Block | null = null;
  const flush = () => {
    if (block) html.push(renderBlock(block, pathOf));
    block = null;
  };
  const lines = withoutComments(text).split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const fence = FENCE.exec(line)?.[1];
    if (fence) {
      flush();
      const end = lines.findIndex((other, i) => i > at && other.trim().startsWith(fence));
      const last = end < 0 ? lines.length : end;
      html.push(`<pre><code>${escapeHtml(lines.slice(at + 1, last).join("\n"))}</code></pre>`);
      at = last;
      continue;
    }
    const whole = renderLine(line, pathOf);
    if (line.trim() === "" || whole !== null) {
      flush();
      html.push(whole ?? "");
      continue;
    }
    const [kind, mark] = ITEMS.find(([, pattern]) => pattern.test(line)) ?? ["p" as const, /^/];
    if ((block as Block | null)?.kind !== kind) flush();
    block ??= { kind, lines: [] };
    (block as Block).lines.push(line.replace(mark, ""));
  }
  flush();
  return balanced(html.filter((part) => part !== "").join("\n"));
}

/** Forges hide them too; a comment in a code block stays. */
function withoutComments(text: string): string {
  return text.replace(/(^|\n)((?:`{3}|~{3})[\s\S]*?\n(?:`{3}|~{3}))|<!--[\s\S]*?-->/g, (all, _start, code) =>
    code === undefined ? "" : all,
  );
}

/** A heading, a rule, small print, or a tag of a folded part; null for anything else. */
function renderLine(line: string, pathOf: PathOfNumber): string | null {
  const [, marks, title] = /^(#{1,6}) +(.*)$/.exec(line) ?? [];
  if (marks && title !== undefined)
    return `<h${marks.length}>${renderInline(title, pathOf)}</h${marks.length}>`;
  if (/^ {0,3}(-{3,}|\*{3,})\s*$/.test(line)) return "<hr>";
  const [, open, summary] = /^\s*(<details>)?\s*<summary>(.*)<\/summary>\s*$/.exec(line) ?? [];
  if (summary !== undefined) return `${open ?? ""}<summary>${renderInline(summary, pathOf)}</summary>`;
  const [, small] = /^\s*<sub>(.*)<\/sub>\s*$/.exec(line) ?? [];
  if (small !== undefined) return `<p><small>${renderInline(small, pathOf)}</small></p>`;
  const [, tag] = /^\s*(<\/?details>)\s*$/.exec(line) ?? [];
  return tag ?? null;
}

function renderBlock({ kind, lines }: Block, pathOf: PathOfNumber): string {
  const inner = lines.map((line) => renderInline(line, pathOf));
  if (kind === "p") return `<p>${inner.join("<br>")}</p>`;
  if (kind === "quote") return `<blockquote>${inner.join("<br>")}</blockquote>`;
  return `<${kind}>${inner.map((item) => `<li>${item}</li>`).join("")}</${kind}>`;
}

function renderInline(text: string, pathOf: PathOfNumber): string {
  // Odd parts are what stood between backticks.
  const parts = text.split(/`([^`]+)`/);
  return parts
    .map((part, at) => (at % 2 ? `<code>${escapeHtml(part)}</code>` : renderWords(part, pathOf)))
    .join("");
}

function renderWords(text: string, pathOf: PathOfNumber): string {
  const words = escapeHtml(text)
    .replace(/\[([^\]]+)\]\(((?:https?:\/\/|\/|#)[^\s()]*)\)/g, '<a href="$2" rel="nofollow noopener">$1</a>')
    .replace(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>")
    .replace(/(?<![\w*])\*([^*\s][^*]*)\*(?!\w)/g, "<em>$1</em>")
    .replace(/(?<!\w)_([^_\s][^_]*)_(?!\w)/g, "<em>$1</em>");
  // Links are passed over as a whole, and `&` before the sign means an escaped character.
  return words.replace(/<a .*?<\/a>|(?<![\w&])#(\d{1,9})\b/g, (whole, number) => {
    const path = number === undefined ? null : pathOf(Number(number));
    return path === null ? whole : `<a href="${escapeHtml(path)}">${whole}</a>`;
  });
}

/** A comment that opens a fold and does not end it must not swallow the comments after it. */
function balanced(html: string): string {
  let open = 0;
  const safe = html.replace(/<(\/?)details>/g, (tag, slash) => {
    if (slash && open === 0) return "";
    open += slash ? -1 : 1;
    return tag;
  });
  return safe + "</details>".repeat(open);
}
