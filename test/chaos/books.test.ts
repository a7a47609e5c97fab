/** The books: clean facts are clean, and each thing that may go wrong is found under its own name. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { answerOf, command, facts, finds, issue, run, withRuns } from "./book-facts.ts";
import { findings, lastLine } from "./books.ts";

test("clean books have no findings, and the last line says so", () => {
  assert.deepEqual(findings(facts()), []);
  const line = "kills=5 commands=1 lost=0 doubled=0 unanswered=0 seconds_off=0 orphans=0";
  assert.equal(lastLine(5, 1, findings(facts())), line);
});

const status = issue().comments[0]!;

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
    const again = command(label, { kind: "label", at: 9000, fleeting: true });
    finds({ ...labelled, commands: [...labelled.commands, again] }, {});
    finds({ ...labelled, commands: [...labelled.commands, { ...again, at: 5000 }] }, { orphans: 1 });
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
