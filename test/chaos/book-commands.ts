/**
 * The books of commands: each was read once, and either did what it asks or was refused with one reason. That somebody
 * changed or deleted it afterwards is no command. Labels are in `book-labels.ts`. Pure.
 */
import { ACTIVE_STATES } from "../../src/model/run.ts";
import { labelFindings, refusedLabels } from "./book-labels.ts";
import type { Command, Count, Facts, Finding, IssueFacts, RunFacts } from "./facts.ts";
import { isBusy, isFinal, marker, onceEach, runOf, statusMarker, type Written } from "./words.ts";

const ACCEPTED = "eyes";
const REFUSED = "confused";

export interface Page {
  readonly facts: IssueFacts;
  readonly commands: readonly Command[];
  readonly runs: readonly RunFacts[];
}

export function commandFindings({ commands, issues, store }: Facts): readonly Finding[] {
  const unasked = store.runs.filter(
    (run) => !commands.some(({ issue, ref }) => issue === run.issue && ref === run.trigger),
  );
  const pages = issues.map((facts) => ({
    facts,
    commands: commands.filter(({ issue }) => issue === facts.issue),
    runs: store.runs.filter(({ issue }) => issue === facts.issue),
  }));
  return [
    ...unasked.map((run) => found("doubled", 1, `run ${run.id} on ${run.issue}: nobody asked for it`)),
    ...pages.flatMap((page) => [
      ...page.commands.flatMap((command) => served(command, page)),
      ...labelFindings(page),
      ...repeated(page),
      ...reasons(page),
      ...onward(page),
    ]),
  ];
}

function served(command: Command, page: Page): readonly Finding[] {
  const { kind, ref, mayWrite } = command;
  const name = `${command.issue} ${kind} ${ref}`;
  const runs = page.runs.filter(({ trigger }) => trigger === ref);
  const ids = runs.map(({ id }) => id).join(", ");
  if (kind === "label") return [];
  const reactions = reactionsOn(command, page);
  const [yes, no] = [reactions.includes(ACCEPTED), reactions.includes(REFUSED)];
  const out: Finding[] = [];
  if (runs.length > 1) out.push(found("doubled", runs.length - 1, `${name}: runs ${ids}`));
  if (!mayWrite) {
    if (yes || no || runs.length > 0)
      out.push(found("doubled", 1, `${name}: somebody who may not command was served ${ids}`));
    return out;
  }
  if (isUnknown(command)) return out;
  if (yes && no) out.push(found("doubled", 1, `${name}: accepted and refused`));
  if (!yes && !no) out.push(found(runs.length > 0 ? "unanswered" : "lost", 1, `${name}: no reaction ${ids}`));
  if (kind === "dispatch" && yes && runs.length === 0)
    out.push(found("lost", 1, `${name}: accepted, and no run`));
  if (no && !yes && runs.length > 0) out.push(found("doubled", 1, `${name}: refused, and run ${ids}`));
  if ((kind === "query" && no) || (kind === "nonsense" && yes))
    out.push(found("lost", 1, `${name}: misread`));
  return out;
}

function reactionsOn({ ref, deleted }: Command, { facts }: Page): readonly string[] {
  return deleted ?? facts.reactions.get(ref) ?? [];
}

/** Deleted before anybody saw whether it was read. */
function isUnknown({ deleted }: Command): boolean {
  return deleted?.length === 0;
}

function repeated({ facts }: Page): readonly Finding[] {
  return onceEach(facts.comments).again.map((comment) =>
    found("doubled", 1, `${facts.issue} comment ${comment.id}: said again: ${firstLine(comment)}`),
  );
}

/** Replies are all comments but status comments and final answers: one for each that was refused, denied or asked. */
function reasons(page: Page): readonly Finding[] {
  const { facts, commands, runs } = page;
  const marks = new Set(runs.map(({ id }) => statusMarker(id)));
  const { once } = onceEach(facts.comments);
  const replies = once.filter((comment) => !isFinal(comment) && !marks.has(marker(comment) ?? ""));
  const refused = commands.filter((command) => isRefused(command, page));
  const queries = commands.filter(
    (command) =>
      command.mayWrite && command.kind === "query" && reactionsOn(command, page).includes(ACCEPTED),
  );
  const denied = commands.filter(({ mayWrite }) => !mayWrite);
  const labels = refusedLabels(page);
  const unknown = commands.filter(isUnknown).length;
  const least = refused.length + queries.length + denied.length + labels.least;
  const most = least - labels.least + labels.most + unknown;
  const what =
    `${facts.issue}: ${replies.length} replies for ${refused.length} refused, ${queries.length} asked, ` +
    `${denied.length} denied, ${labels.least} to ${labels.most} labels, ${unknown} deleted`;
  const out = [...wrongly(page, replies, refused)];
  if (replies.length < least) out.push(found("lost", least - replies.length, what));
  if (replies.length > most) out.push(found("doubled", replies.length - most, what));
  return out;
}

function isRefused(command: Command, page: Page): boolean {
  return command.mayWrite && command.kind !== "label" && reactionsOn(command, page).includes(REFUSED);
}

/** A dispatch may be refused only for a run that was active on the issue between the command and its refusal. */
function wrongly(page: Page, replies: readonly Written[], refused: readonly Command[]): readonly Finding[] {
  const { facts, runs } = page;
  const dispatches = refused.filter(({ kind }) => kind === "dispatch");
  const { least } = refusedLabels(page);
  const busy = replies.filter(isBusy);
  const asked = page.commands.filter(({ kind }) => kind === "dispatch" || kind === "label");
  const maybe = asked.filter((one) => one.kind === "label" || isUnknown(one) || dispatches.includes(one));
  const first = Math.min(...maybe.map(({ at }) => at));
  const out = busy.flatMap((reply) => {
    const run = runs.find(({ id }) => id === runOf(reply));
    if (run && wasActive(run, first, reply.at)) return [];
    return [
      found(
        "lost",
        1,
        `${facts.issue} comment ${reply.id}: refused for run ${runOf(reply)}, which was not active`,
      ),
    ];
  });
  const owed = dispatches.length + least;
  if (busy.length < owed) {
    const refs = dispatches.map(({ ref }) => ref).join(", ");
    const reason = `${owed} refused (${refs}; ${least} labels), and only ${busy.length} because a run was there`;
    out.push(found("lost", owed - busy.length, `${facts.issue}: ${reason}`));
  }
  return out;
}

function wasActive({ events }: RunFacts, from: number, to: number): boolean {
  return events.some((event, index) => {
    const isActive = ACTIVE_STATES.some((state) => state === event.to);
    const until = events[index + 1]?.at ?? Number.POSITIVE_INFINITY;
    // Forges tell times in whole seconds.
    return isActive && event.at <= to + 1000 && until >= from - 1000;
  });
}

/** Each accepted retry and answer put a run back into the queue, and nothing else did; no run was cancelled unasked. */
function onward(page: Page): readonly Finding[] {
  const { facts, runs } = page;
  const accepted = (kind: Command["kind"]) =>
    page.commands.filter((command) => command.kind === kind && reactionsOn(command, page).includes(ACCEPTED))
      .length;
  const moves = runs.flatMap(({ events }) => events);
  const retried = moves.filter(
    ({ from, to }) => to === "queued" && ["failed", "timed_out", "cancelled"].includes(from ?? ""),
  );
  const answered = moves.filter(({ from, to }) => to === "queued" && from === "blocked");
  const cancelled = moves.filter(({ to }) => to === "cancelled");
  const extra = Math.max(0, cancelled.length - accepted("cancel"));
  return [
    ...compared(facts.issue, "retries", accepted("retry"), retried.length),
    ...compared(facts.issue, "answers", accepted("answer"), answered.length),
    ...runs
      .filter((run) => wentOn(run, page))
      .map(({ id }) => found("lost", 1, `${facts.issue} run ${id}: a cancel was accepted, and it went on`)),
    ...(extra > 0
      ? [found("doubled", extra, `${facts.issue}: ${extra} cancelled that nobody asked to cancel`)]
      : []),
  ];
}

/** Active since before a cancel that was accepted, and not marked by it. */
function wentOn({ events, state, cancelled }: RunFacts, page: Page): boolean {
  const begun = events.findLast(({ to }) => to === "queued")?.at ?? 0;
  if (cancelled || !ACTIVE_STATES.some((active) => active === state)) return false;
  return page.commands.some(
    (command) =>
      command.kind === "cancel" && command.at > begun && reactionsOn(command, page).includes(ACCEPTED),
  );
}

function compared(issue: string, what: string, asked: number, done: number): readonly Finding[] {
  if (asked === done) return [];
  return [
    found(
      done < asked ? "lost" : "doubled",
      Math.abs(asked - done),
      `${issue}: ${asked} ${what} accepted, ${done} done`,
    ),
  ];
}

function firstLine({ body }: Written): string {
  return body.split("\n", 1)[0] ?? "";
}

function found(count: Count, by: number, evidence: string): Finding {
  return { count, by, evidence };
}
