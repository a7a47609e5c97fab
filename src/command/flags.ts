/**
 * The flags of `/dispatch`: their names, what their values may be, and what is said when they are wrong. To add one,
 * see the list at the head of `parse.ts`.
 */
import type { CommandError } from "../model/command.ts";
import { nearest } from "../model/nearest.ts";
import { shown, type Word, type WordReader } from "./words.ts";

export const FLAGS = [
  "--template",
  "--persona",
  "--plan",
  "--var",
  "--branch",
  "--tag",
  "--timeout",
  "--dry-run",
] as const;
type Flag = (typeof FLAGS)[number];

export interface FlagValues {
  readonly template: string | null;
  readonly persona: string | null;
  readonly plan: string | null;
  readonly variables: Readonly<Record<string, string>>;
  readonly branch: string | null;
  readonly tag: string | null;
  readonly timeoutMs: number | null;
  readonly dryRun: boolean;
}

const NAME = /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u;
const VARIABLE = /^([A-Za-z_][\w.-]{0,63})=([\s\S]{0,4096})$/;
const DURATION = /^(?:(\d{1,5})h)?(?:(\d{1,5})m)?(?:(\d{1,5})s)?$/;
const SHORTEST_MS = 10_000;
const LONGEST_MS = 24 * 3_600_000;

/** What each value may be, in words for the answer. */
const ALLOWED: Readonly<Record<Flag, string>> = {
  "--template": "a name like `review`",
  "--persona": "a name like `senior`",
  "--plan": "a name like `bug-fix`",
  "--var": '`name=value`, in quotes when it has blanks: `--var goal="two words"`',
  "--branch": "a branch name like `feature/login`",
  "--tag": "a tag name like `v1.2`",
  "--timeout": "a time from `10s` to `24h`, like `30m` or `1h30m`",
  "--dry-run": "no value",
};

export function error(message: string, suggestion: string | null = null): CommandError {
  return { kind: "error", message, suggestion };
}

/** iOS turns "--" into a dash; with a letter behind it, it is meant as a flag. */
function flagWord(word: string): string {
  return word.replace(/^[—–](?=\p{L})/u, "--");
}

/** True for a word that is a flag by its name, with or without `=value`. */
export function isFlag(word: string): boolean {
  const name = flagWord(word).split("=", 1)[0] ?? "";
  return FLAGS.some((flag) => flag === name.toLowerCase());
}

/** Takes flags from the line up to the first word that is none, or to a bare `--`, which is taken too. */
export function readFlags(words: WordReader): { values: FlagValues; ended: boolean } | CommandError {
  const given = new Map<Flag, string>();
  const variables = new Map<string, string>();
  let ended = false;
  for (let word = flagWord(words.peek()); isDashed(word); word = flagWord(words.peek())) {
    if (word === "--") {
      words.next();
      ended = true;
      break;
    }
    const pair = readFlag(words);
    if ("kind" in pair) return pair;
    const wrong = pair.flag === "--var" ? putVariable(pair.value, variables) : put(pair, given);
    if (wrong) return wrong;
  }
  if (given.has("--branch") && given.has("--tag")) {
    return error(
      "`--branch` and `--tag` can not both be given: the work starts either from a branch or from a tag",
    );
  }
  return { values: toValues(given, variables), ended };
}

function isDashed(word: string): boolean {
  return word.startsWith("--") ? /^--(?:$|[^-])/.test(word) : /^-[A-Za-z](?:$|=)/.test(word);
}

function readFlag(words: WordReader): { flag: Flag; value: string } | CommandError {
  const raw = flagWord(words.peek());
  const equals = raw.indexOf("=");
  const name = (equals < 0 ? raw : raw.slice(0, equals)).toLowerCase();
  const flag = FLAGS.find((known) => known === name);
  if (!flag) {
    return error(
      `${shown(name)} is no flag; there are ${FLAGS.map((known) => `\`${known}\``).join(", ")}`,
      nearest(name, FLAGS, 2),
    );
  }
  const first = words.next();
  if (flag === "--dry-run") return equals < 0 ? { flag, value: "" } : error("`--dry-run` takes no value");
  const next = words.peek();
  const missing = equals < 0 && (next === "" || isDashed(flagWord(next)));
  const word: Word | null = equals < 0 ? (missing ? null : words.next()) : first;
  if (word && !word.closed) return error(`the quote in the value of \`${flag}\` is not closed`);
  const value = equals < 0 ? word?.text : word?.text.slice(word.text.indexOf("=") + 1);
  if (!value) return error(`\`${flag}\` needs a value: ${ALLOWED[flag]}`);
  return { flag, value };
}

function put(pair: { flag: Flag; value: string }, given: Map<Flag, string>): CommandError | null {
  const { flag, value } = pair;
  if (given.has(flag)) return error(`\`${flag}\` is given twice; give it once`);
  if (!isRight(flag, value))
    return error(`${shown(value)} is no value for \`${flag}\`: it takes ${ALLOWED[flag]}`);
  given.set(flag, value);
  return null;
}

function putVariable(value: string, variables: Map<string, string>): CommandError | null {
  const match = VARIABLE.exec(value);
  const name = match?.[1];
  if (!name) return error(`${shown(value)} is no value for \`--var\`: it takes ${ALLOWED["--var"]}`);
  if (variables.has(name))
    return error(`the variable ${shown(name)} is given twice with \`--var\`; give it once`);
  variables.set(name, match[2] ?? "");
  return null;
}

function isRight(flag: Flag, value: string): boolean {
  if (flag === "--timeout") return durationMs(value) !== null;
  if (flag === "--branch" || flag === "--tag") return isRefName(value);
  return flag === "--dry-run" || NAME.test(value);
}

/** Milliseconds of `1h30m`, `45s` …; null when it is none or outside 10 s to 24 h. */
function durationMs(text: string): number | null {
  const match = text ? DURATION.exec(text.toLowerCase()) : null;
  if (!match) return null;
  const [hours, minutes, seconds] = [match[1], match[2], match[3]].map((part) => Number(part ?? 0));
  const ms = ((hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0)) * 1000;
  return ms >= SHORTEST_MS && ms <= LONGEST_MS ? ms : null;
}

/** The rules of `git check-ref-format --branch`, so that a bad name is told at once and never reaches git. */
function isRefName(name: string): boolean {
  if (name.length > 200 || /[\p{C}\s~^:?*[\\]|\.\.|@\{|\/\//u.test(name)) return false;
  if (/^[-/]|[./]$/.test(name) || name === "@" || name === "HEAD") return false;
  return name.split("/").every((part) => !part.startsWith(".") && !part.endsWith(".lock"));
}

function toValues(given: Map<Flag, string>, variables: Map<string, string>): FlagValues {
  const timeout = given.get("--timeout");
  return {
    template: given.get("--template") ?? null,
    persona: given.get("--persona") ?? null,
    plan: given.get("--plan") ?? null,
    variables: Object.fromEntries(variables),
    branch: given.get("--branch") ?? null,
    tag: given.get("--tag") ?? null,
    timeoutMs: timeout === undefined ? null : durationMs(timeout),
    dryRun: given.has("--dry-run"),
  };
}
