/** What the pull request of a run, and the commit of what its agent left uncommitted, say of themselves. */
import { type Run, splitAgent } from "../model/run.ts";
import { folded, inline, plainLine, quoted, standing } from "./markdown.ts";
import { footer } from "./status.ts";

const TITLE_MOST = 100;
const SUBJECT_MOST = 60;

/** One line that mentions nobody and closes nothing. */
export function pullTitle(run: Run): string {
  return titleOf(run, TITLE_MOST);
}

/** For what the agent left uncommitted: the issue in the subject, the agent below. */
export function commitMessage(run: Run): string {
  const agent = plainLine(run.request.agent, TITLE_MOST);
  return `${titleOf(run, SUBJECT_MOST)} (#${run.issue.number})\n\nWork of ${agent}, left uncommitted by it.`;
}

function titleOf({ issue, request }: Run, most: number): string {
  const title = plainLine(issue.title, most) || plainLine(request.task.split("\n", 1)[0] ?? "", most);
  return title || `Work of ${plainLine(splitAgent(request.agent).pool, most)} on #${issue.number}`;
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
