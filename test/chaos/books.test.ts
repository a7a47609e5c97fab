/** The books: clean facts are clean, and each thing that may go wrong is found under its own name. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { answerOf, BUSY, command, comment, facts, footer, issue, run, withRuns } from "./book-facts.ts";
import { findings, lastLine, totals } from "./books.ts";
import type { Count, Facts } from "./facts.ts";

/** Exactly these figures are not 0. */
function finds(broken: Facts, expected: Partial<Record<Count, number>>): void {
  const found = findings(broken);
  const none = { lost: 0, doubled: 0, unanswered: 0, seconds_off: 0, orphans: 0 };
  assert.deepEqual(totals(found), { ...none, ...expected }, found.map(({ evidence }) => evidence).join("\n"));
}

test("clean books have no findings, and the last line says so", () => {
  assert.deepEqual(findings(facts()), []);
  const line = "kills=5 commands=1 lost=0 doubled=0 unanswered=0 seconds_off=0 orphans=0";
  assert.equal(lastLine(5, 1, findings(facts())), line);
});

const status = issue().comments[0]!;
const second = run({ id: "r2", branch: null, clocks: [], startedAt: null, endedAt: null });

describe("commands", () => {
  test("one that nobody reacted to is lost", () => {
    finds(facts({ commands: [command("7"), command("8", { kind: "cancel" })] }), { lost: 1 });
  });

  test("one that was accepted and has no run is lost", () => {
    const reactions = new Map([
      ["7", ["eyes"]],
      ["8", ["eyes"]],
    ]);
    finds(facts({ commands: [command("7"), command("8")], issues: [issue({ reactions })] }), { lost: 1 });
  });

  test("one that has two runs is doubled", () => {
    const comments = [...issue().comments, answerOf("r2", "23")];
    // The second run has no status comment of its own.
    const broken = facts({ issues: [issue({ comments })], store: withRuns(run(), second) });
    finds(broken, { doubled: 1, unanswered: 1 });
  });

  test("one that was refused without a reason is lost", () => {
    const reactions = new Map([
      ["7", ["eyes"]],
      ["8", ["confused"]],
    ]);
    const commands = [command("7"), command("8", { kind: "retry" })];
    finds(facts({ commands, issues: [issue({ reactions })] }), { lost: 1 });
  });

  test("one refused for a run that was active is well, for a run long over it is lost", () => {
    const reactions = new Map([
      ["7", ["eyes"]],
      ["8", ["confused"]],
    ]);
    const comments = [...issue().comments, comment("22", `${BUSY}${footer("r1")}`)];
    const refusedAt = (at: number) =>
      facts({ commands: [command("7"), command("8", { at })], issues: [issue({ reactions, comments })] });
    finds(refusedAt(4000), {});
    finds(refusedAt(9000), { lost: 1 });
  });

  test("one that was served again by its repeated delivery is doubled", () => {
    const reactions = new Map([["7", ["eyes", "confused"]]]);
    const comments = [...issue().comments, comment("22", `${BUSY}${footer("r1")}`)];
    finds(facts({ issues: [issue({ reactions, comments })] }), { doubled: 1 });
  });

  test("a retry that was accepted and moved no run is lost, a requeue that nobody asked for is doubled", () => {
    const reactions = new Map([
      ["7", ["eyes"]],
      ["8", ["eyes"]],
    ]);
    const retry = command("8", { kind: "retry" });
    finds(facts({ commands: [command("7"), retry], issues: [issue({ reactions })] }), { lost: 1 });
    const requeued = { from: "failed", to: "queued", attempt: 1, at: 5500 } as const;
    const moved = run({ events: [...run().events.slice(0, 4), requeued, ...run().events.slice(4)] });
    finds(facts({ store: withRuns(moved) }), { doubled: 1 });
  });

  test("a cancel that was accepted while the run goes on unmarked is lost", () => {
    const long = run({
      state: "running",
      branch: null,
      endedAt: null,
      clocks: [],
      events: run().events.slice(0, 3),
    });
    const reactions = new Map([
      ["7", ["eyes"]],
      ["8", ["eyes"]],
    ]);
    const broken = facts({
      commands: [command("7"), command("8", { kind: "cancel", at: 4000 })],
      issues: [issue({ reactions, comments: [status], times: [] })],
      store: withRuns(long),
    });
    finds(broken, { lost: 1, unanswered: 1 });
  });

  test("somebody who may not command is denied once, and gets no run", () => {
    const denied = command("8", { mayWrite: false });
    const commands = [command("7"), denied];
    finds(
      facts({ commands, issues: [issue({ comments: [...issue().comments, comment("22", "Sorry.")] })] }),
      {},
    );
    finds(facts({ commands }), { lost: 1 });
    finds(facts({ commands: [{ ...command("7"), mayWrite: false }] }), { doubled: 1, lost: 1 });
  });
});

describe("runs", () => {
  test("one without its final answer is unanswered, one answered twice is doubled", () => {
    finds(facts({ issues: [issue({ comments: [status] })] }), { unanswered: 1 });
    const comments = [...issue().comments, answerOf("r1", "22")];
    finds(facts({ issues: [issue({ comments })] }), { doubled: 1 });
  });

  test("the same comment posted again is doubled", () => {
    const again = { ...answerOf("r1", "21"), id: "22" };
    finds(facts({ issues: [issue({ comments: [...issue().comments, again] })] }), { doubled: 1 });
    finds(facts({ issues: [issue({ comments: [...issue().comments, { ...status, id: "22" }] })] }), {
      doubled: 1,
    });
  });

  test("one that nobody asked for is doubled", () => {
    const strange = facts({ commands: [], issues: [issue({ reactions: new Map() })] });
    finds(strange, { doubled: 1 });
  });

  test("work that was published and is not there is lost, and published twice it is doubled", () => {
    const branch = facts().branches[0]!;
    finds(facts({ branches: [] }), { lost: 1 });
    finds(facts({ branches: [{ ...branch, pulls: 2 }] }), { doubled: 1 });
    finds(facts({ branches: [{ ...branch, commits: ["work of r1.1", "work of r1.1"] }] }), { doubled: 1 });
  });

  test("two agents at once are doubled", () => {
    finds(facts({ overlaps: ["r1.2 began while r1.1 worked"] }), { doubled: 1 });
  });

  test("the label of a run that ended is an orphan, and so is what is left on the machine", () => {
    const label = "dispatch:chaos:commit-1";
    const labelled = facts({
      commands: [command(label, { kind: "label" })],
      issues: [issue({ labels: [label] })],
      store: withRuns(run({ trigger: label })),
    });
    finds(labelled, { orphans: 1 });
    finds(facts({ leftovers: ["process 1 of run r1.1", "stopwatch on acme/app#1"] }), { orphans: 2 });
  });
});

describe("time", () => {
  test("seconds not booked, booked twice or booked wrongly are off by so many", () => {
    const times = (...seconds: number[]) =>
      facts({ issues: [issue({ times: seconds.map((each) => ({ seconds: each, at: 5000 })) })] });
    finds(times(2), {});
    finds(times(), { seconds_off: 2 });
    finds(times(2, 2), { seconds_off: 2 });
    finds(times(5), { seconds_off: 3 });
  });

  test("what a stopwatch booked beside it is off", () => {
    const times = [...issue().times, { seconds: 4, at: 90_000 }];
    finds(facts({ issues: [issue({ times })] }), { seconds_off: 4 });
  });

  test("attempts that do not add up to the run's time are off", () => {
    finds(facts({ store: withRuns(run({ agentMs: 1500 })) }), { seconds_off: 2 });
  });
});
