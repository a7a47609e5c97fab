/** What the pull request of a run says of itself. */
import { type Run, splitAgent } from "../model/run.ts";
import { folded, inline, plainLine, quoted, standing } from "./markdown.ts";
import { footer } from "./status.ts";

/** One line, at most 120 characters. */
export function pullTitle(run: Run): string {
  const title = plainLine(run.issue.title) || plainLine(run.request.task.split("\n", 1)[0] ?? "");
  const short = title.length > 100 ? `${title.slice(0, 99).toWellFormed().trimEnd()}…` : title;
  return short || `Work of ${splitAgent(run.request.agent).pool} on #${run.issue.number}`;
}

/** Closes the issue when merged; work asked for on a pull request closes nothing. */
export function pullBody(run: Run): string {
  const task = run.request.task.trim();
  const last = run.report?.lastMessage?.trim();
  const closes = run.issue.isPull ? `For #${run.issue.number}.` : `Closes #${run.issue.number}.`;
  return [
    `${closes} Asked for by ${inline(run.trigger.by.login, 100)}; please review it as any other work.`,
    ...(last ? [standing(last, 8_000)] : []),
    ...(task ? [folded("The task", quoted(task, 8_000))] : []),
    footer(run),
  ].join("\n\n");
}
