/** The books of runs: each came to an end, was answered once for each end, and published its work once. Pure. */
import type { RunState } from "../../src/model/run.ts";
import type { BranchFacts, Command, Facts, Finding, IssueFacts, RunFacts } from "./facts.ts";
import { isFinal, marker, onceEach, runOf, statusMarker, type Written } from "./words.ts";

const ENDS: readonly RunState[] = ["completed", "failed", "blocked", "cancelled", "timed_out"];

export function runFindings({ commands, issues, branches, store }: Facts): readonly Finding[] {
  const pages = new Map(issues.map((issue) => [issue.issue, issue]));
  return [
    ...store.runs.flatMap((run) => [
      ...answered(run, pages.get(run.issue)),
      ...published(run, branches),
      ...unlabelled(run, pages.get(run.issue), commands),
    ]),
    ...branches.flatMap(pushed),
  ];
}

function answered(run: RunFacts, page: IssueFacts | undefined): readonly Finding[] {
  const name = `${run.issue} run ${run.id} (${run.state})`;
  const comments: readonly Written[] = onceEach(page?.comments ?? []).once;
  const answers = comments.filter((comment) => isFinal(comment) && runOf(comment) === run.id).length;
  const ends = run.events.filter(({ to }) => ENDS.includes(to)).length;
  const out: Finding[] = [];
  if (!ENDS.includes(run.state))
    out.push({ count: "unanswered", by: 1, evidence: `${name}: came to no end` });
  if (answers < ends)
    out.push({
      count: "unanswered",
      by: ends - answers,
      evidence: `${name}: ${ends} ends, ${answers} answers`,
    });
  if (answers > ends)
    out.push({ count: "doubled", by: answers - ends, evidence: `${name}: ${ends} ends, ${answers} answers` });
  if (!comments.some((comment) => marker(comment) === statusMarker(run.id)))
    out.push({ count: "unanswered", by: 1, evidence: `${name}: no status comment` });
  return out;
}

/** What a run says it published is there, with one pull request. */
function published(run: RunFacts, branches: readonly BranchFacts[]): readonly Finding[] {
  if (run.branch === null) return [];
  const repo = run.issue.slice(0, run.issue.lastIndexOf("#"));
  const branch = branches.find((one) => one.repo === repo && one.branch === run.branch);
  if (branch && branch.commits.length > 0 && branch.pulls > 0) return [];
  const state = branch ? `${branch.commits.length} commits, ${branch.pulls} pull requests` : "no such branch";
  return [
    {
      count: "lost",
      by: 1,
      evidence: `${run.issue} run ${run.id}: published ${run.branch}, and there is: ${state}`,
    },
  ];
}

/** No branch has two open pull requests, no work is on it twice. */
function pushed({ repo, branch, pulls, commits }: BranchFacts): readonly Finding[] {
  const again = commits.length - new Set(commits).size;
  return [
    ...(pulls > 1
      ? [{ count: "doubled", by: pulls - 1, evidence: `${repo} ${branch}: ${pulls} pull requests` } as const]
      : []),
    ...(again > 0
      ? [{ count: "doubled", by: again, evidence: `${repo} ${branch}: ${again} commits twice` } as const]
      : []),
  ];
}

/** A label that set off a run is taken away at its end; while it waits for an answer it stays. */
function unlabelled(
  run: RunFacts,
  page: IssueFacts | undefined,
  commands: readonly Command[],
): readonly Finding[] {
  const over = ENDS.includes(run.state) && run.state !== "blocked";
  if (!over || !page?.labels.includes(run.trigger)) return [];
  const end = run.events.at(-1)?.at ?? 0;
  const isPutOnAgain = (one: Command) => one.issue === run.issue && one.ref === run.trigger && one.at > end;
  if (commands.some(isPutOnAgain)) return [];
  return [
    { count: "orphans", by: 1, evidence: `${run.issue}: label ${run.trigger} of run ${run.id}, which ended` },
  ];
}
