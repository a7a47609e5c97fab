/** One run, changed as a test needs it. */
import type { Run } from "../../src/model/run.ts";

const START = Date.UTC(2026, 10, 22, 19, 14);

export function sampleRun(fields: Partial<Run> = {}): Run {
  const octocat = { id: 7, login: "octocat" };
  return {
    id: "r1",
    repo: { forge: "codeberg", owner: "acme", name: "shop" },
    issue: {
      number: 15,
      isPull: false,
      title: "Prices are rounded wrongly",
      body: "See the title.",
      author: octocat,
      labels: [],
      url: "https://codeberg.org/acme/shop/issues/15",
    },
    trigger: { kind: "comment", by: octocat, commentId: "90", label: null, at: START },
    request: {
      agent: "codex:gpt-5",
      task: "",
      template: "coding",
      plan: null,
      variables: {},
      persona: null,
      branch: null,
      tag: null,
      timeoutMs: null,
    },
    pool: "codex",
    model: "gpt-5",
    priority: 0,
    state: "queued",
    attempt: 1,
    createdAt: START,
    queuedAt: START,
    startedAt: null,
    endedAt: null,
    agentMs: 0,
    workspace: null,
    handle: null,
    session: null,
    outcome: null,
    report: null,
    answers: [],
    statusComment: null,
    cancelledBy: null,
    ...fields,
  };
}

/** A run whose agent worked 4 min 12 s. */
export function endedRun(fields: Partial<Run>): Run {
  return sampleRun({ startedAt: START + 60_000, endedAt: START + 312_000, ...fields });
}

export function at(minutes: number): number {
  return START + minutes * 60_000;
}
