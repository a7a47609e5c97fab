/**
 * Enough Markdown for the local forge's pages: paragraphs, headings, quotes, lists, code, bold, links, `<details>`.
 * Everything is escaped before anything is made of it, so no text of a comment becomes markup of its own.
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

export function renderMarkdown(text: string): string {
  const html: string[] = [];
  let block: Block | null = null;
  const flush = () => {
    if (block) html.push(renderBlock(block));
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
    const whole = renderLine(line);
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

/** A heading, a rule, or a tag of a folded part; null for anything else. */
function renderLine(line: string): string | null {
  const [, marks, title] = /^(#{1,6}) +(.*)$/.exec(line) ?? [];
  if (marks && title !== undefined) return `<h${marks.length}>${renderInline(title)}</h${marks.length}>`;
  if (/^ {0,3}(-{3,}|\*{3,})\s*$/.test(line)) return "<hr>";
  const [, open, summary] = /^\s*(<details>)?\s*<summary>(.*)<\/summary>\s*$/.exec(line) ?? [];
  if (summary !== undefined) return `${open ?? ""}<summary>${renderInline(summary)}</summary>`;
  const [, tag] = /^\s*(<\/?details>)\s*$/.exec(line) ?? [];
  return tag ?? null;
}

function renderBlock({ kind, lines }: Block): string {
  if (kind === "p") return `<p>${lines.map(renderInline).join("<br>")}</p>`;
  if (kind === "quote") return `<blockquote>${lines.map(renderInline).join("<br>")}</blockquote>`;
  const items = lines.map((line) => `<li>${renderInline(line)}</li>`);
  return `<${kind}>${items.join("")}</${kind}>`;
}

function renderInline(text: string): string {
  // Odd parts are what stood between backticks.
  const parts = text.split(/`([^`]+)`/);
  return parts.map((part, at) => (at % 2 ? `<code>${escapeHtml(part)}</code>` : renderWords(part))).join("");
}

function renderWords(text: string): string {
  return escapeHtml(text)
    .replace(/\[([^\]]+)\]\(((?:https?:\/\/|\/|#)[^\s()]*)\)/g, '<a href="$2" rel="nofollow noopener">$1</a>')
    .replace(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>")
    .replace(/(?<![\w*])\*([^*\s][^*]*)\*(?!\w)/g, "<em>$1</em>")
    .replace(/(?<!\w)_([^_\s][^_]*)_(?!\w)/g, "<em>$1</em>");
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
