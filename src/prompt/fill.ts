/** Fills `{{name}}` in an admin's text. Pure. An unknown name is refused with its file and line, never passed on. */
import { Refusal } from "../model/errors.ts";

const PLACEHOLDER = /\{\{\s*([\w-]*)\s*\}\}/g;

/** `line` is that of the text's beginning in the file, from 1. */
export interface Source {
  readonly file: string;
  readonly text: string;
  readonly line: number;
}

export function fill(source: Source, values: Readonly<Record<string, string>>): string {
  return source.text.replace(PLACEHOLDER, (whole, name: string, at: number) => {
    if (Object.hasOwn(values, name)) return values[name] ?? "";
    const line = source.line + source.text.slice(0, at).split("\n").length - 1;
    const known = Object.keys(values).map((key) => `{{${key}}}`);
    throw new Refusal(
      `writing the prompt: ${source.file}:${line}: unknown placeholder ${whole}`,
      known.length > 0 ? `Known here: ${known.join(", ")}.` : "There are none known here.",
    );
  });
}
