/**
 * The forms in which programs commonly write a secret's value: as it is, base64 and base64url at any alignment,
 * percent-encoded, escaped for JSON (once and twice), hex. Of a value of several lines, each line is a secret too,
 * since it may be written with other line ends, indented, escaped or on one line. Values under 8 characters are
 * left: they would take ordinary words with them. Pure.
 */

export const SHORTEST_SECRET = 8;
const SHORTEST_LINE = 16;
/** A private key in PEM is written on lines of 64 characters. */
const PEM_LINE = /.{16,64}/g;
/** The last two: as they are written in .env files and JSON. */
const LINE_END = /\r?\n|(?:\\r)?\\n/;

/** The value and, when it has several lines, each that is long enough and not the frame of a key. */
export function partsOf(value: string): readonly string[] {
  const lines = value
    .split(LINE_END)
    .map((line) => line.trim())
    .filter((line) => line.length >= SHORTEST_LINE && !line.startsWith("-----"));
  const parts = [value, value.trim(), ...lines, ...pemLines(value)];
  return [...new Set(parts)].filter((part) => part.length >= SHORTEST_SECRET);
}

/** The lines of a private key whose base64 stands in longer ones, or with spaces between. */
function pemLines(value: string): readonly string[] {
  if (!value.includes("-----BEGIN ")) return [];
  return value
    .replace(/-----[A-Z0-9 ]+-----/g, " ")
    .split(/\s+|(?:\\r)?\\n/)
    .filter((piece) => /^[A-Za-z0-9+/=]+$/.test(piece))
    .flatMap((piece) => piece.match(PEM_LINE) ?? []);
}

/** How one part may be written. */
export function formsOf(part: string): ReadonlySet<string> {
  const hex = Buffer.from(part, "utf8").toString("hex");
  const percent = encodeURIComponent(part);
  const json = JSON.stringify(part).slice(1, -1);
  const forms = new Set([part, hex, hex.toUpperCase(), percent, lowerPercent(percent)]);
  forms.add(percent.replaceAll("%20", "+"));
  for (const escaped of [json, json.replaceAll("/", "\\/"), json.replace(/[<>&]/g, unicodeEscape)]) {
    forms.add(escaped);
    forms.add(JSON.stringify(escaped).slice(1, -1));
  }
  for (const encoded of base64Forms(part)) {
    forms.add(encoded);
    forms.add(encoded.replaceAll("+", "-").replaceAll("/", "_"));
  }
  return forms;
}

/** Markdown as its reader sees it, without what keeps characters from meaning something: a secret may be split by it. */
export function unmarked(text: string): string {
  return text.replaceAll("\u200b", "").replace(/\\(?=[!-/:-@[-`{-~])/g, "");
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
