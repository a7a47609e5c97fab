/** Arguments → which command with which options, or what is wrong with them. Pure. */
import { parseArgs } from "node:util";
import { nearest } from "../model/nearest.ts";
import {
  CATALOG,
  type CommandHelp,
  type CommandName,
  GLOBAL_OPTIONS,
  OPTIONS,
  type OptionName,
} from "./catalog.ts";

export type Parsed =
  | {
      readonly kind: "run";
      readonly name: CommandName;
      readonly values: Values;
      readonly positionals: readonly string[];
    }
  /** Null: help on everything. */
  | { readonly kind: "help"; readonly command: CommandHelp | null }
  | { readonly kind: "version" }
  | { readonly kind: "wrong"; readonly message: string; readonly hint: string };

export type Values = Readonly<Partial<Record<OptionName, string | boolean>>>;

const GENERAL_HINT = "See: agent-dispatch --help";

export function parse(argv: readonly string[]): Parsed {
  const { tokens } = parseArgs({
    args: [...argv],
    options: { ...OPTIONS, ...GLOBAL_OPTIONS },
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const words = tokens.flatMap((token) => (token.kind === "positional" ? [token.value] : []));
  const given = tokens.flatMap((token) => (token.kind === "option" ? [token] : []));
  const asked = (name: string): boolean => given.some((option) => option.name === name);
  if (asked("version") || (words.length === 1 && words[0] === "version")) return { kind: "version" };
  const helpWords = words[0] === "help" ? words.slice(1) : words;
  const command = find(helpWords);
  if (asked("help") || words[0] === "help") {
    return command || helpWords.length === 0
      ? { kind: "help", command: command ?? null }
      : unknownCommand(helpWords);
  }
  if (words.length === 0 && given.length === 0) return { kind: "help", command: null };
  if (!command) return words.length === 0 ? wrong("no command given", GENERAL_HINT) : unknownCommand(words);
  return withOptions(command, words.slice(command.name.split(" ").length), given);
}

interface GivenOption {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
}

type CatalogEntry = (typeof CATALOG)[number];

function find(words: readonly string[]): CatalogEntry | undefined {
  return CATALOG.find(({ name }) => name.split(" ").every((word, at) => words[at] === word));
}

function withOptions(
  command: CatalogEntry,
  positionals: readonly string[],
  given: readonly GivenOption[],
): Parsed {
  const hint = `See: agent-dispatch ${command.name} --help`;
  const allowed: readonly string[] = command.options;
  const values: Partial<Record<OptionName, string | boolean>> = {};
  for (const { name, rawName, value } of given) {
    if (!allowed.includes(name)) {
      const meant = nearest(name, allowed);
      return wrong(
        `${command.name} has no option ${rawName}${meant ? `; did you mean --${meant}?` : ""}`,
        hint,
      );
    }
    const option = OPTIONS[name as OptionName];
    if (option.type === "string" && (!value || value.startsWith("--")))
      return wrong(`${rawName} needs a value`, hint);
    if (option.type === "boolean" && value !== undefined) return wrong(`${rawName} takes no value`, hint);
    values[name as OptionName] = value ?? true;
  }
  const expected: readonly string[] = command.positionals;
  const missing = expected[positionals.length];
  if (missing) return wrong(`${command.name} needs <${missing}>`, hint);
  const extra = positionals[expected.length];
  if (extra !== undefined) return wrong(`${command.name} takes no argument "${extra}"`, hint);
  return { kind: "run", name: command.name, values, positionals };
}

function unknownCommand(words: readonly string[]): Parsed {
  const names = CATALOG.map(({ name }) => name);
  const group = names.filter((name) => name.startsWith(`${words[0]} `));
  const meant = nearest(words.slice(0, 2).join(" "), names) ?? nearest(words[0] ?? "", names) ?? group[0];
  return wrong(
    `there is no command "${words.slice(0, 2).join(" ")}"${meant ? `; did you mean "${meant}"?` : ""}`,
    GENERAL_HINT,
  );
}

function wrong(message: string, hint: string): Parsed {
  return { kind: "wrong", message, hint };
}
