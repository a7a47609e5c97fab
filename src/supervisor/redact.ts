/**
 * Takes secrets out of text by their values, in every form programs commonly write them in
 * (`model/secret-forms.ts`). Not seen: a value split over lines by whoever printed it.
 */
import { formsOf, partsOf } from "../model/secret-forms.ts";

export type Redact = (text: string) => string;

/** Replaces each secret by `[NAME]`, longest first. `secrets` are names and values. */
export function createRedactor(secrets: Readonly<Record<string, string>>): Redact {
  const { pattern, names } = compile(secrets);
  if (pattern === null) return (text) => text;
  return (text) => text.replace(pattern, (found) => `[${names.get(found) ?? "secret"}]`);
}

/** Finds the name of a secret in a text that must hold none; null when there is none. */
export function createSecretSearch(
  secrets: Readonly<Record<string, string>>,
): (text: string) => string | null {
  const { pattern, names } = compile(secrets);
  return (text) => {
    if (pattern === null) return null;
    pattern.lastIndex = 0;
    const found = pattern.exec(text);
    return found === null ? null : (names.get(found[0]) ?? null);
  };
}

function compile(secrets: Readonly<Record<string, string>>) {
  const names = new Map<string, string>();
  for (const [name, value] of Object.entries(secrets)) {
    for (const part of partsOf(value)) {
      for (const form of formsOf(part)) if (!names.has(form)) names.set(form, name);
    }
  }
  const forms = [...names.keys()].sort((a, b) => b.length - a.length);
  const source = forms.map((form) => form.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("|");
  return { pattern: forms.length === 0 ? null : new RegExp(source, "g"), names };
}
