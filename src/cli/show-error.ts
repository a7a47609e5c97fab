/** Errors on the terminal: what went wrong and the fix, never a stack. */
import { ConfigError, type ConfigProblem, ForgeError, messageOf, Refusal } from "../model/errors.ts";
import { harmless, type Paint } from "./io.ts";

/** Text that ends in a newline. */
export function showError(error: unknown, paint: Paint): string {
  if (error instanceof ConfigError) return showProblems(error.problems, paint);
  const lines = [`${paint("error:", "red")} ${harmless(describe(error))}`];
  const fix = fixFor(error);
  if (fix) lines.push(`${paint("fix:", "green")}   ${harmless(fix)}`);
  return `${lines.join("\n")}\n`;
}

/** Each problem with its place on one line and what is allowed on the next. */
function showProblems(problems: readonly ConfigProblem[], paint: Paint): string {
  const count = problems.length === 1 ? "one problem" : `${problems.length} problems`;
  const lines = [`${paint("error:", "red")} the configuration has ${count}`];
  for (const { file, line, column, key, message, allowed } of problems) {
    const place = line === null ? file : `${file}:${line}:${column ?? 1}`;
    lines.push("", `  ${paint(place, "cyan")}`, `    ${paint(key, "bold")} ${harmless(message)}`);
    if (allowed) lines.push(`    ${paint("allowed:", "green")} ${harmless(allowed)}`);
  }
  return `${lines.join("\n")}\n`;
}

function describe(error: unknown): string {
  if (error instanceof Refusal || error instanceof ForgeError) return error.message;
  return `something broke inside agent-dispatch: ${messageOf(error)}`;
}

function fixFor(error: unknown): string | null {
  if (error instanceof Refusal) return error.fix;
  if (error instanceof ForgeError) return error.retryable ? "Try again in a moment." : null;
  return "This is not your mistake. Please report it, with this line and the command you gave.";
}
