/** The one final answer of a run: a new comment that says truthfully how it ended. Pure. */
import type { EffectAction, NewEffect } from "../model/effect.ts";
import type { FailureReason, Outcome, PublishedWork } from "../model/outcome.ts";
import type { Run } from "../model/run.ts";
import { count, duration, usage } from "./figures.ts";
import { code, fenced, folded, inert, inline, quoted, standing } from "./markdown.ts";
import { notLetTo } from "./network.ts";
import { endedStatus, footer, statusEffect } from "./status.ts";

const WORDS_MOST = 8_000;
const REVIEW_MOST = 50_000;
const QUESTION_MOST = 12_000;
const LOG_LINES = 20;
const LOG_LINE_MOST = 500;

/**
 * All that is said at a run's end: its status comment, its one answer, and the label that set it off taken away.
 * Once for each time it was queued: a retry that is cancelled while it waits has the attempt of the answer before it.
 */
export function answerEffects(run: Run): readonly NewEffect[] {
  const { repo, id, attempt, queuedAt, outcome, trigger } = run;
  const effect = (name: string, action: EffectAction): NewEffect => {
    return { repo, issue: run.issue.number, runId: id, key: `${name}:${id}:${attempt}:${queuedAt}`, action };
  };
  const isReview = outcome?.kind === "completed" && outcome.review !== null && run.issue.isPull;
  const effects = [
    statusEffect(run, endedStatus(run)),
    effect("answer", { kind: isReview ? "review" : "comment", body: finalAnswer(run) }),
  ];
  if (trigger.label === null || outcome?.kind === "blocked") return effects;
  return [...effects, effect("unlabel", { kind: "unlabel", label: trigger.label })];
}

type Of<K extends Outcome["kind"]> = Extract<Outcome, { kind: K }>;

/** Of a run with an outcome; throws without one. */
export function finalAnswer(run: Run): string {
  const { outcome } = run;
  if (!outcome) throw new Error(`run ${run.id} is to be answered but has no outcome`);
  switch (outcome.kind) {
    case "completed":
      return completed(run, outcome);
    case "failed":
      return failed(run, outcome);
    case "blocked":
      return blocked(run, outcome);
    case "cancelled":
      return told(run, [`🛑 **Cancelled** by ${inline(outcome.by, 100)}.`, RETRY, ...lastLines(run)]);
    case "timed_out":
      return told(run, [timedOut(outcome), RETRY, ...lastLines(run)]);
  }
}

const RETRY = "`/dispatch retry` starts it again.";

function completed(run: Run, outcome: Of<"completed">): string {
  if (outcome.review !== null) return reviewed(run, outcome.review);
  if (!outcome.work) {
    return told(run, [
      "✅ **Completed, no changes.** The agent ended well and changed no file.",
      ...words(run),
    ]);
  }
  const note = outcome.work.note === null ? [] : [inert(outcome.work.note, 1_000)];
  return told(run, [published(outcome.work), ...note, ...words(run)]);
}

function published(work: PublishedWork): string {
  const size = `${count(work.files, "file")} changed, ${count(work.added, "line")} added, ${count(work.removed, "line")} removed`;
  if (!work.pull) return `✅ **Completed.** Pushed to ${code(work.branch)}: ${size}.`;
  const what = work.pull.opened ? "Opened" : "Pushed to";
  return `✅ **Completed.** ${what} pull request [#${work.pull.number}](${work.pull.url}) (branch ${code(work.branch)}): ${size}.`;
}

/** The agent's review is the result: on a pull request it is posted as a review, elsewhere as a comment. */
function reviewed(run: Run, review: string): string {
  return told(run, ["✅ **Reviewed.** Nothing was pushed.", standing(review, REVIEW_MOST)]);
}

const FAILED: Readonly<Record<FailureReason, string>> = {
  agent: "the agent did not finish its work",
  auth: "the model's provider did not accept the bot's login",
  limit: "a limit of the model's provider was reached",
  out_of_memory: "the agent ran out of memory",
  prepare: "the repository could not be made ready",
  start: "the agent could not be started",
  publish: "the agent ended well, but its work could not be published",
  lost: "the bot lost sight of the agent and can not tell how it ended",
};

function failed(run: Run, outcome: Of<"failed">): string {
  const fix = outcome.fix ? [inert(outcome.fix, 1_000)] : [];
  return told(run, [
    `❌ **Failed**: ${FAILED[outcome.reason]}${exitOf(run)}.`,
    quoted(outcome.why, 2_000),
    ...fix,
    RETRY,
    ...lastLines(run),
  ]);
}

function exitOf({ report }: Run): string {
  const exit = report?.exit;
  if (exit?.signal) return ` (ended by signal ${code(exit.signal)})`;
  return exit && exit.code !== null ? ` (exit code ${exit.code})` : "";
}

function timedOut(outcome: Of<"timed_out">): string {
  return outcome.limit === "total"
    ? `⏱️ **Timed out**: it was stopped at its limit of ${duration(outcome.ms)}.`
    : `⏱️ **Timed out**: it was stopped after ${duration(outcome.ms)} without a sign of life.`;
}

function blocked(run: Run, outcome: Of<"blocked">): string {
  return told(run, [
    "❓ **Blocked**: the agent asks",
    quoted(outcome.question, QUESTION_MOST),
    "Answer with a comment that begins with `/dispatch answer`, and it goes on; `/dispatch cancel` gives it up.",
  ]);
}

function words({ report }: Run): string[] {
  const last = report?.lastMessage?.trim();
  return last ? [folded("What the agent said last", quoted(last, WORDS_MOST))] : [];
}

function lastLines(run: Run): string[] {
  const lines = (run.report?.logTail ?? []).slice(-LOG_LINES).map((line) => line.slice(0, LOG_LINE_MOST));
  if (lines.length === 0) return words(run);
  const summary = lines.length === 1 ? "Last line of the log" : `Last ${lines.length} lines of the log`;
  return [...words(run), folded(summary, fenced(lines.join("\n"), LOG_LINES * (LOG_LINE_MOST + 1)))];
}

function told(run: Run, parts: readonly string[]): string {
  const facts = agentTime(run);
  const used = run.report?.usage;
  if (used && used.inputTokens + used.outputTokens > 0) facts.push(usage(used));
  return [...parts, ...notLetTo(run.report?.blocked ?? []), footer(run, facts)].join("\n\n");
}

/** Of this attempt, and of all of them when there were others. */
function agentTime({ startedAt, endedAt, agentMs }: Run): string[] {
  const last = startedAt !== null && endedAt !== null ? endedAt - startedAt : null;
  const all = agentMs > 0 ? `${duration(agentMs + (last ?? 0))} in all` : null;
  const told = [last === null ? null : duration(last), all].filter((part) => part !== null);
  return told.length > 0 ? [`agent time ${told.join(", ")}`] : [];
}
