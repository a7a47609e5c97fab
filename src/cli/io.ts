/** Where the command line writes, and how: colour only for people, and never a control character that is not ours. */

export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

export interface Io {
  readonly out: Sink;
  readonly err: Sink;
  /** NO_COLOR is read from it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export type Paint = (text: string, colour: keyof typeof CODES) => string;

/** Paints for a terminal whose owner has not set NO_COLOR; else leaves the text as it is. */
export function painter(sink: Sink, env: Io["env"]): Paint {
  if (!sink.isTTY || env.NO_COLOR) return (text) => text;
  return (text, colour) => `\u001b[${CODES[colour]}m${text}\u001b[0m`;
}

/** Text from elsewhere (issue titles, agents' output) without what could drive a terminal or turn words around. */
export function harmless(text: string): string {
  return text.replace(UNPRINTABLE, "");
}

/** Control characters but tab and line end, escape sequences whole, and bidirectional controls. */
const UNPRINTABLE = new RegExp(
  [
    String.raw`\u001b\[[0-?]*[ -/]*[@-~]`,
    String.raw`\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)`,
    String.raw`[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]`,
  ].join("|"),
  "g",
);
