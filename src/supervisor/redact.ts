/**
 * Takes secrets out of text by their values, in every form a program commonly prints them in: as they are, base64
 * and base64url at any alignment, percent-encoded, escaped for JSON (once and twice), hex. Values under 8 characters
 * are left: they would take ordinary words with them. Not seen: a value split over lines by whoever printed it.
 */

export type Redact = (text: string) => string;

const SHORTEST = 8;
/** The lines of a multi-line secret are secrets too, since logs are redacted line by line. */
const SHORTEST_LINE = 16;

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

function partsOf(value: string): readonly string[] {
  if (value.length < SHORTEST) return [];
  const lines = value
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line.length >= SHORTEST_LINE && !line.startsWith("-----"));
  return [value, value.trim(), ...lines].filter((part) => part.length >= SHORTEST);
}

function formsOf(value: string): ReadonlySet<string> {
  const hex = Buffer.from(value, "utf8").toString("hex");
  const percent = encodeURIComponent(value);
  const json = JSON.stringify(value).slice(1, -1);
  const forms = new Set([value, hex, hex.toUpperCase(), percent, lowerPercent(percent)]);
  forms.add(percent.replaceAll("%20", "+"));
  for (const escaped of [json, json.replaceAll("/", "\\/"), json.replace(/[<>&]/g, unicodeEscape)]) {
    forms.add(escaped);
    forms.add(JSON.stringify(escaped).slice(1, -1));
  }
  for (const encoded of base64Forms(value)) {
    forms.add(encoded);
    forms.add(encoded.replaceAll("+", "-").replaceAll("/", "_"));
  }
  return forms;
}

function lowerPercent(text: string): string {
  return text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
}

function unicodeEscape(character: string): string {
  return `\\u00${character.charCodeAt(0).toString(16)}`;
}

/** What is the same in base64 whatever stands before and after the value: the characters wholly made of its bits. */
function base64Forms(value: string): readonly string[] {
  return [0, 1, 2].map((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(value, "utf8")]);
    const encoded = bytes.toString("base64");
    return encoded.slice(Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6));
  });
}
