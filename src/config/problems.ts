/** Collects everything that is wrong with a configuration, each with its place, so that one look fixes it all. */
import { ConfigError, type ConfigProblem } from "../model/errors.ts";
import type { Path, YamlDocument } from "./document.ts";

/** Where a variable was set: "environment", or the `.env` file and its line. */
export type VariablePlace = (name: string) => { readonly file: string; readonly line: number | null };

export class Problems {
  readonly #document: YamlDocument | null;
  readonly #variable: VariablePlace;
  readonly #found: ConfigProblem[] = [];

  constructor(document: YamlDocument | null, variable: VariablePlace) {
    this.#document = document;
    this.#variable = variable;
  }

  get found(): readonly ConfigProblem[] {
    return this.#found;
  }

  /** A wrong value in the file. */
  value(path: Path, message: string, allowed: string | null = null): void {
    this.#inFile(path, "value", message, allowed);
  }

  /** A wrong or missing key in the file. */
  key(path: Path, message: string, allowed: string | null = null): void {
    this.#inFile(path, "key", message, allowed);
  }

  /** A wrong or missing environment variable. Never put its value into the message. */
  variable(name: string, message: string, allowed: string | null = null): void {
    const { file, line } = this.#variable(name);
    this.#found.push({ file, line, column: line === null ? null : 1, key: name, message, allowed });
  }

  add(problems: readonly ConfigProblem[]): void {
    this.#found.push(...problems);
  }

  throwIfAny(): void {
    if (this.#found.length > 0) throw new ConfigError(this.#found.toSorted(byPlace));
  }

  #inFile(path: Path, part: "key" | "value", message: string, allowed: string | null): void {
    const place = this.#document?.place(path, part) ?? { line: null, column: null };
    this.#found.push({
      file: this.#document?.file ?? "agents.yaml",
      ...place,
      key: path.map(String).join(".") || "(file)",
      message,
      allowed,
    });
  }
}

/** Files first, from top to bottom; the environment last. */
function byPlace(a: ConfigProblem, b: ConfigProblem): number {
  const line = (problem: ConfigProblem): number => problem.line ?? Number.MAX_SAFE_INTEGER;
  return line(a) - line(b) || (a.column ?? 0) - (b.column ?? 0);
}
