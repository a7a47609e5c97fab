/**
 * Text or a label → commands. Pure; it does not know who writes, or which agents a repository allows.
 *
 *   /dispatch [agent[:model]] [flags] [task in free text, to the end of the comment]
 *   /dispatch status | cancel | retry | help
 *   /dispatch answer <text to the end of the comment>
 *   flags: --template N  --persona N  --plan N  --var k=v (several)  --branch B | --tag T  --timeout 30m  --dry-run  --
 *
 * Rules where it could go either way; the bot asks rather than guesses:
 * - A command stands at the start of a line (at most three blanks before it) outside code, quotes, HTML comments.
 * - A comment may hold several. A task and an answer run to the end of the comment, so they come last; a further
 *   command line inside them is an error. The same short command twice counts once.
 * - All or nothing: when one command can not be read, the first error is all that is returned.
 * - The first word is an agent when it is a configured one or has the form `name:model`. A word at most two letters
 *   off an agent or a command is asked about, and so is a single word alone; other words begin the task.
 * - Flags stand before the task on the command's own line. One at the task's start or in its first line is asked
 *   about; behind ` -- ` everything is the task, as it is.
 *
 * To add a command: `model/command.ts`, WORDS here, `dispatch/` (what it does), `report/help.ts`, and the generators
 * in `test/command/`. To add a flag: `FLAGS` and `ALLOWED` in `flags.ts`, then the same places.
 */
import type { Command, CommandError } from "../model/command.ts";
import { nearest } from "../model/nearest.ts";
import { error, isFlag, readFlags } from "./flags.ts";
import { type CommandLine, findSlashLines } from "./scan.ts";
import { shown, WordReader } from "./words.ts";

export interface ParseOptions {
  readonly prefix: "/dispatch";
  /** Names of the configured agents. */
  readonly agents: readonly string[];
}

/** Characters of a comment that are looked at; forges allow no more. */
const MOST = 65_536;
const WORDS = ["status", "cancel", "retry", "answer", "help"] as const;
/** What people of other bots would try. */
const SYNONYMS: Readonly<Record<string, string>> = {
  stop: "cancel",
  abort: "cancel",
  kill: "cancel",
  rerun: "retry",
  restart: "retry",
  reply: "answer",
  usage: "help",
};
/** Near an agent's name, but begins many a task; and single words that are a task by themselves. */
const ORDINARY = /^(?:code|model|mode|node|index|total|clause|locale|locate|make)$/i;
const TASK_WORD = /^(?:fix|implement|do|go|continue|proceed|refactor|review|test|document|please)$/i;
const NAME = /^[a-z][a-z0-9_-]*$/i;
const AGENT = /^([a-z][a-z0-9_-]{0,63}):([a-z0-9][a-z0-9._:/@+-]{0,99})$/i;

/** The commands of a comment in order, or one error, or nothing. Never throws. */
export function parseComment(body: string, options: ParseOptions): readonly (Command | CommandError)[] {
  const text = body
    .slice(0, MOST)
    .replace(/^\ufeff/, "")
    .replace(/\r\n?/g, "\n");
  const lines = findSlashLines(text).filter((line) => isMeant(line.word, options.prefix));
  const commands: Command[] = [];
  for (const [index, line] of lines.entries()) {
    const command = parseLine(text, line, options);
    if (command.kind === "error") return [command];
    if (command.kind === "dispatch" || command.kind === "answer") {
      return lines[index + 1] ? [secondCommand(command.kind)] : [...commands, command];
    }
    if (!commands.some((known) => known.kind === command.kind)) commands.push(command);
  }
  return commands;
}

/** `dispatch:<agent>[:<model>]`, or with `/` instead of the first `:`; null for any other label. */
export function parseLabel(label: string): { readonly agent: string } | null {
  const agent = /^dispatch[:/](.+)$/i.exec(label.trim())?.[1];
  if (!agent) return null;
  const match = AGENT.exec(agent);
  if (match) return { agent: `${match[1]?.toLowerCase()}:${match[2]}` };
  return NAME.test(agent) ? { agent: agent.toLowerCase() } : null;
}

/** The prefix itself, or so near that it was meant: `/dispach`, `/dispatch:codex`; never `/dispatched`. */
function isMeant(word: string, prefix: string): boolean {
  const lower = word.toLowerCase();
  if (lower === prefix || lower.startsWith(`${prefix}:`)) return true;
  return !lower.startsWith(prefix) && nearest(lower, [prefix], 1) !== null;
}

function secondCommand(kind: "dispatch" | "answer"): CommandError {
  const what = kind === "dispatch" ? "a task" : "an answer";
  return error(
    `${what} goes on to the end of the comment, and another \`/dispatch\` line follows in it; write each in a comment of its own, or indent the line by four blanks when it belongs to the text`,
  );
}

function parseLine(text: string, line: CommandLine, options: ParseOptions): Command | CommandError {
  const { prefix } = options;
  if (line.word.toLowerCase() !== prefix) {
    const colon = line.word.indexOf(":");
    return error(
      `${shown(line.word)} is no command`,
      colon < 0 ? prefix : `${prefix} ${shown(line.word.slice(colon + 1)).slice(1, -1)}`,
    );
  }
  const words = new WordReader(text, line.afterWord, line.end);
  const first = words.peek();
  const word = WORDS.find((known) => known === first.toLowerCase());
  if (word) words.next();
  if (word === "answer") return parseAnswer(text.slice(words.at).trim());
  if (word) return parseShort(word, text.slice(words.at, line.end));
  return parseDispatch(text, words, line, options);
}

function parseAnswer(text: string): Command | CommandError {
  return text ? { kind: "answer", text } : error("`/dispatch answer` needs the answer's text behind it");
}

function parseShort(kind: "status" | "cancel" | "retry" | "help", rest: string): Command | CommandError {
  if (rest.replace(/<!--.*?-->/g, "").trim() === "") return { kind };
  return error(
    `\`/dispatch ${kind}\` stands alone on its line; for a task that begins with this word write \`/dispatch -- ${kind} …\``,
  );
}

function parseDispatch(
  text: string,
  words: WordReader,
  line: CommandLine,
  options: ParseOptions,
): Command | CommandError {
  const agent = readAgent(words, text, line, options.agents);
  if (agent !== null && typeof agent !== "string") return agent;
  const flags = readFlags(words);
  if ("kind" in flags) return flags;
  const task = text.slice(words.at).trim();
  const stray = flags.ended ? undefined : strayFlag(task);
  if (stray) {
    return error(
      `${shown(stray)} stands behind the beginning of the task; flags come before it, on the line of \`/dispatch\`. If it belongs to the task, put it in backticks or begin the task with \`-- \``,
    );
  }
  return { kind: "dispatch", agent, ...flags.values, task };
}

function strayFlag(task: string): string | undefined {
  const first = (task.split("\n", 1)[0] ?? "").replace(/`[^`]*`/g, "");
  return first.split(/\s+/).find(isFlag);
}

/** The first word, taken when it names an agent; null when the task or a flag begins there. */
function readAgent(
  words: WordReader,
  text: string,
  line: CommandLine,
  agents: readonly string[],
): string | null | CommandError {
  const first = words.peek();
  const match = AGENT.exec(first);
  const [name, model] = match ? [match[1] ?? "", match[2]] : [first, undefined];
  const known = agents.find((agent) => agent.toLowerCase() === name.toLowerCase());
  if (known) {
    words.next();
    return model === undefined ? known : `${known}:${model}`;
  }
  if (match) return unknownWord(name, agents, nearest(name, agents, 2));
  const colon = first.endsWith(":") ? agents.find((agent) => `${agent}:` === first.toLowerCase()) : undefined;
  if (colon)
    return error(`behind ${shown(first)} a model is missing; without one leave the colon out`, colon);
  if (!NAME.test(first)) return null;
  const alone = text.slice(line.afterWord).trim() === first;
  return askAbout(first, alone, agents);
}

/** Says what may be meant by a word that is no agent; null when it can begin a task. */
function askAbout(word: string, alone: boolean, agents: readonly string[]): CommandError | null {
  const synonym = alone ? SYNONYMS[word.toLowerCase()] : undefined;
  const near = nearest(word, [...agents, ...WORDS], word.length < 4 ? 1 : 2);
  if (synonym) return unknownWord(word, agents, synonym);
  if (near && (alone || !ORDINARY.test(word))) return unknownWord(word, agents, near);
  return alone && !TASK_WORD.test(word) ? unknownWord(word, agents, null) : null;
}

function unknownWord(word: string, agents: readonly string[], suggestion: string | null): CommandError {
  const list = agents.map((agent) => `\`${agent}\``).join(", ");
  return error(
    `${shown(word)} is neither an agent (${list}) nor a command (${WORDS.map((known) => `\`${known}\``).join(", ")}); for a task that begins with it write \`/dispatch -- ${shown(word).slice(1, -1)} …\``,
    suggestion,
  );
}
