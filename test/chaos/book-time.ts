/** The books of time: what the forge has booked is what the attempts took, to the second; what they took is the run's. Pure. */
import type { Facts, Finding, IssueFacts, RunFacts } from "./facts.ts";

interface Entry {
  readonly seconds: number;
  readonly at: number;
}

export function timeFindings({ issues, store }: Facts): readonly Finding[] {
  return [
    ...issues.flatMap((issue) =>
      booked(
        issue,
        store.runs.filter((run) => run.issue === issue.issue),
      ),
    ),
    ...store.runs.flatMap(ownSum),
  ];
}

/** Entries are paired by their date, which is the attempt's end; what has no partner counts whole. */
function booked({ issue, times }: IssueFacts, runs: readonly RunFacts[]): readonly Finding[] {
  const left: Entry[] = [...times];
  const out: Finding[] = [];
  const off = (by: number, what: string) =>
    out.push({ count: "seconds_off", by, evidence: `${issue}: ${what}` });
  for (const run of runs) {
    for (const [index, entry] of run.clocks.map(asEntry).entries()) {
      if (entry.seconds === 0) continue;
      const found = partner(left, entry);
      const by = Math.abs(entry.seconds - (found?.seconds ?? 0));
      if (found) left.splice(left.indexOf(found), 1);
      if (by > 0)
        off(by, `run ${run.id} clock ${index + 1}: ${entry.seconds} s, booked ${found?.seconds ?? 0} s`);
    }
  }
  for (const entry of left.filter(({ seconds }) => seconds > 0))
    off(entry.seconds, `${entry.seconds} s booked at ${new Date(entry.at).toISOString()} for no run`);
  return out;
}

function asEntry({ startedAt, endedAt }: RunFacts["clocks"][number]): Entry {
  return { seconds: Math.round((endedAt - startedAt) / 1000), at: Math.floor(endedAt / 1000) * 1000 };
}

function partner(entries: readonly Entry[], { seconds, at }: Entry): Entry | undefined {
  const sameDate = entries.filter((entry) => entry.at === at);
  return sameDate.find((entry) => entry.seconds === seconds) ?? sameDate[0];
}

/** The attempts together are the run's time. */
function ownSum(run: RunFacts): readonly Finding[] {
  const clocks = run.clocks.reduce((sum, { startedAt, endedAt }) => sum + endedAt - startedAt, 0);
  const last = run.startedAt !== null && run.endedAt !== null ? run.endedAt - run.startedAt : 0;
  const ms = Math.abs(clocks - run.agentMs - last);
  if (ms === 0) return [];
  const evidence = `${run.issue} run ${run.id}: attempts took ${clocks} ms, the run ${run.agentMs + last} ms`;
  return [{ count: "seconds_off", by: Math.ceil(ms / 1000), evidence }];
}
