/** Reads of Markdown what the tests of the documents ask for: links, code and anchors. No full parser. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "..", "..");

export interface Document {
  /** Relative to the repository's root. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
  /** Inline code, fences left out. */
  readonly spans: readonly string[];
  readonly links: readonly Link[];
  /** What `#…` may name, as forges make it of headings. */
  readonly anchors: ReadonlySet<string>;
}

/** A fenced block; `info` is what stands behind the opening fence: "sh", "yaml agents.yaml". */
interface Block {
  readonly info: string;
  readonly text: string;
}

interface Link {
  readonly text: string;
  readonly target: string;
}

const FENCED = /^( *)```([^\n`]*)\n([\s\S]*?)^\1```$/gm;
const PROSE_ONLY = /^( *)```[\s\S]*?^\1```$/gm;

/** Every Markdown file of the repository that people read. */
export function documents(): readonly Document[] {
  const places = ["*.md", "docs/**/*.md"];
  return places
    .flatMap((place) => globSync(place, { cwd: ROOT }))
    .sort()
    .map(readDocument);
}

function readDocument(path: string): Document {
  const text = readFileSync(join(ROOT, path), "utf8");
  const prose = text.replace(PROSE_ONLY, "");
  return {
    path,
    text,
    blocks: [...text.matchAll(FENCED)].map(([, indent = "", info = "", body = ""]) => ({
      info: info.trim(),
      text: body.replace(new RegExp(`^${indent}`, "gm"), ""),
    })),
    spans: [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code),
    links: [...prose.matchAll(/\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)/g)].map(
      ([, label = "", target = ""]) => ({
        text: label.replace(/\s+/g, " "),
        target,
      }),
    ),
    anchors: new Set([...prose.matchAll(/^#{1,6} +(.+)$/gm)].map(([, title = ""]) => anchorOf(title))),
  };
}

function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}
