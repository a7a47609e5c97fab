/** Help texts, from the catalog. */
import { CATALOG, type CommandHelp, GLOBAL_OPTIONS, OPTIONS, type OptionHelp } from "./catalog.ts";
import type { Paint } from "./io.ts";

const WIDTH = 96;

export function generalHelp(paint: Paint): string {
  const rows = CATALOG.map((command): Row => [usageOf(command), command.summary]);
  return [
    "agent-dispatch turns an issue on GitHub or Forgejo into finished work by a coding agent.",
    "",
    paint("Usage", "bold"),
    "  agent-dispatch <command> [options]",
    "",
    paint("Commands", "bold"),
    ...table(rows),
    "",
    paint("Options", "bold"),
    ...table(
      Object.entries(GLOBAL_OPTIONS).map(
        ([name, option]): Row => [`-${option.short}, --${name}`, option.meaning],
      ),
    ),
    "",
    "New here? `agent-dispatch demo` shows the whole loop without any set-up.",
    "Help on one command: agent-dispatch <command> --help",
    "",
  ].join("\n");
}

export function commandHelp(command: CommandHelp, paint: Paint): string {
  const options = command.options.map((name): Row => {
    const option: OptionHelp = OPTIONS[name as keyof typeof OPTIONS];
    return [option.value ? `--${name} ${option.value}` : `--${name}`, option.meaning];
  });
  return [
    `${command.summary[0]?.toUpperCase()}${command.summary.slice(1)}.`,
    "",
    paint("Usage", "bold"),
    `  agent-dispatch ${usageOf(command)}${options.length > 0 ? " [options]" : ""}`,
    "",
    ...wrap(command.details, WIDTH),
    "",
    ...(options.length > 0 ? [paint("Options", "bold"), ...table(options), ""] : []),
    paint("Examples", "bold"),
    ...command.examples.map((example) => `  ${example}`),
    "",
  ].join("\n");
}

function usageOf(command: CommandHelp): string {
  return [command.name, ...command.positionals.map((name) => `<${name}>`)].join(" ");
}

type Row = readonly [left: string, right: string];

function table(rows: readonly Row[]): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}

function wrap(text: string, width: number): readonly string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1) ?? "";
    if (last !== "" && last.length + word.length >= width) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines;
}
