/** Clean facts to break in tests of the books: one issue, one command, one run that completed and published. */
import assert from "node:assert/strict";
import { findings, totals } from "./books.ts";
import type { Command, Count, Facts, IssueFacts, RunFacts } from "./facts.ts";
import type { AgentFacts } from "./journal.ts";
import { statusMarker } from "./words.ts";

export const ISSUE = "acme/app#1";
export const BUSY = "A run is here already: `/dispatch cancel` stops it.";

export function comment(id: string, body: string, mark = `m${id}`): IssueFacts["comments"][number] {
  return { id, body: `${body}\n\n<!-- agent-dispatch:effect=${mark} -->`, at: 10_000 };
}

export const footer = (run: string) => `\n\n<sub>\`chaos\` · run \`${run}\`</sub>`;
export const answerOf = (run: string, id: string) => comment(id, `✅ **Completed.**${footer(run)}`);

export function command(ref: string, more: Partial<Command> = {}): Command {
  return { kind: "dispatch", issue: ISSUE, ref, mayWrite: true, at: 1000, ...more };
}

export function run(more: Partial<RunFacts> = {}): RunFacts {
  return {
    id: "r1",
    issue: ISSUE,
    state: "completed",
    attempt: 1,
    trigger: "7",
    isLong: false,
    cancelled: false,
    startedAt: 3000,
    endedAt: 5400,
    agentMs: 0,
    branch: "agent/errand-1-1",
    events: [
      { from: null, to: "queued", attempt: 0, at: 2000, detail: null },
      { from: "queued", to: "preparing", attempt: 1, at: 2500, detail: null },
      { from: "preparing", to: "running", attempt: 1, at: 3000, detail: null },
      { from: "running", to: "publishing", attempt: 1, at: 5400, detail: null },
      { from: "publishing", to: "completed", attempt: 1, at: 6000, detail: null },
    ],
    clocks: [{ attempt: 1, startedAt: 3000, endedAt: 5400 }],
    ...more,
  };
}

export function agent(more: Partial<AgentFacts> = {}): AgentFacts {
  return { run: "r1.1", pid: 1, bornAt: 3010, endedAt: 5390, byItself: true, ...more };
}

export function issue(more: Partial<IssueFacts> = {}): IssueFacts {
  return {
    issue: ISSUE,
    comments: [
      comment("20", "**Completed.** The answer is in a comment below.", statusMarker("r1")),
      answerOf("r1", "21"),
    ],
    reactions: new Map([["7", ["eyes"]]]),
    labels: [],
    times: [{ seconds: 2, at: 5000 }],
    ...more,
  };
}

export function facts(more: Partial<Facts> = {}): Facts {
  return {
    commands: [command("7")],
    issues: [issue()],
    branches: [{ repo: "acme/app", branch: "agent/errand-1-1", pulls: 1, commits: ["work of r1.1"] }],
    store: { runs: [run()], openDeliveries: 0, waitingEffects: 0, givenUp: [], setAside: [] },
    agents: [agent()],
    overlaps: [],
    leftovers: [],
    ...more,
  };
}

export const withRuns = (...runs: readonly RunFacts[]): Facts["store"] => ({ ...facts().store, runs });

/** One more run of the issue, which left nothing. */
export const SECOND: RunFacts = run({ id: "r2", branch: null, clocks: [], startedAt: null, endedAt: null });

/** Exactly these figures are not 0. */
export function finds(broken: Facts, expected: Partial<Record<Count, number>>): void {
  const found = findings(broken);
  const none = { lost: 0, doubled: 0, unanswered: 0, seconds_off: 0, orphans: 0 };
  assert.deepEqual(totals(found), { ...none, ...expected }, found.map(({ evidence }) => evidence).join("\n"));
}
