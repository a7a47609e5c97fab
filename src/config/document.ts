/**
 * YAML text → plain value, with the place of every key kept for error messages. Refused: duplicate keys, tags,
 * several documents, more than a few aliases, files beyond a size. It knows nothing of what the keys mean.
 */
import { type Document, isAlias, isMap, isNode, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { ConfigProblem } from "../model/errors.ts";
import { messageOf } from "../model/errors.ts";

export type Path = readonly PropertyKey[];

interface Place {
  readonly line: number | null;
  readonly column: number | null;
}

export interface YamlDocument {
  readonly file: string;
  /** Undefined when there are problems; an empty file is {}. */
  readonly value: unknown;
  readonly problems: readonly ConfigProblem[];
  /** Where the key (or list item) of a path stands, or its value; of its nearest parent when it is not there, if any. */
  place(path: Path, part: "key" | "value"): Place;
}

const MOST_ALIASES = 20;
const MOST_PROBLEMS = 20;

/** Reads a document of at most `maxBytes`; never throws. */
export function readDocument(text: string, file: string, maxBytes: number): YamlDocument {
  const lines = new LineCounter();
  const refused = (message: string, allowed: string | null): YamlDocument => ({
    file,
    value: undefined,
    problems: [{ file, line: 1, column: 1, key: "(file)", message, allowed }],
    place: () => ({ line: null, column: null }),
  });
  if (Buffer.byteLength(text) > maxBytes) return refused("is too large", `at most ${maxBytes} bytes`);
  try {
    const doc = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
    const problems = [...doc.errors, ...doc.warnings].slice(0, MOST_PROBLEMS).map((error) => {
      const { line, col } = lines.linePos(error.pos[0]);
      return { file, line, column: col, ...explain(error.code, error.message, text.slice(...error.pos)) };
    });
    const value = problems.length > 0 ? undefined : (doc.toJS({ maxAliasCount: MOST_ALIASES }) ?? {});
    return { file, value, problems, place: (path, part) => placeOf(doc, lines, path, part) };
  } catch (error) {
    const bomb = error instanceof ReferenceError && /alias/i.test(error.message);
    return bomb
      ? refused("has too many aliases", `at most ${MOST_ALIASES}`)
      : refused(`is not readable as YAML: ${messageOf(error)}`, null);
  }
}

function explain(code: string, message: string, source: string) {
  if (code === "DUPLICATE_KEY") {
    const key = /^[\w.-]+/.exec(source)?.[0] ?? "(key)";
    return { key, message: "is given twice", allowed: "each key once" };
  }
  const allowed = code === "TAB_AS_INDENT" ? "spaces" : null;
  return { key: "(YAML)", message: message.split("\n")[0] ?? message, allowed };
}

function placeOf(doc: Document, lines: LineCounter, path: Path, part: "key" | "value"): Place {
  let node: unknown = doc.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const [depth, step] of path.entries()) {
    const found = child(isAlias(node) ? node.resolve(doc) : node, step);
    if (found === null && depth === 0) return { line: null, column: null };
    if (found === null) break;
    node = found.value;
    const wanted = part === "value" && depth === path.length - 1 ? found.value : found.key;
    offset = start(wanted) ?? start(found.key) ?? offset;
  }
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function child(node: unknown, step: PropertyKey): { readonly key: unknown; readonly value: unknown } | null {
  if (isSeq(node) && typeof step === "number") {
    const item = node.items[step];
    return item === undefined ? null : { key: item, value: item };
  }
  if (!isMap(node)) return null;
  const pair = node.items.find(
    ({ key }) => String((key as { value?: unknown } | null)?.value) === String(step),
  );
  return pair === undefined ? null : { key: pair.key, value: pair.value };
}

function start(node: unknown): number | undefined {
  return isNode(node) ? (node as Node).range?.[0] : undefined;
}
