/** The books of commands: each that was not served once is found, whatever was said and changed afterwards. */
import { describe, test } from "node:test";
import {
  answerOf,
  BUSY,
  command,
  comment,
  facts,
  finds,
  footer,
  issue,
  run,
  SECOND,
  withRuns,
} from "./book-facts.ts";

const status = issue().comments[0]!;

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
    const broken = facts({ issues: [issue({ comments })], store: withRuns(run(), SECOND) });
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
    const requeued = { from: "failed", to: "queued", attempt: 1, at: 5500, detail: null } as const;
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

describe("what was said and changed", () => {
  const withTwo = (second: string) =>
    new Map([
      ["7", ["eyes"]],
      ["8", [second]],
    ]);

  test("one that was deleted after it was read counts as it was read then", () => {
    const retry = command("8", { kind: "retry", deleted: ["eyes"] });
    finds(facts({ commands: [command("7"), retry] }), { lost: 1 });
    finds(facts({ commands: [command("7"), { ...retry, kind: "nonsense", deleted: ["confused"] }] }), {
      lost: 1,
    });
  });

  test("one that was deleted unread may have been served once or not at all, and never twice", () => {
    const commands = [command("7"), command("8", { deleted: [] })];
    finds(facts({ commands }), {});
    const replies = (...ids: string[]) => ids.map((id) => comment(id, `${BUSY}${footer("r1")}`));
    const told = (...ids: string[]) => issue({ comments: [...issue().comments, ...replies(...ids)] });
    const late = commands.map((one) => ({ ...one, at: 4000 }));
    finds(facts({ commands: late, issues: [told("22")] }), {});
    finds(facts({ commands: late, issues: [told("22", "23")] }), { doubled: 1 });
  });

  test("a reaction given up is no finding when its comment was deleted", () => {
    const line = "acme/app#1 react:eyes:forgejo:acme/app#comment:8: it is gone";
    const store = { ...facts().store, givenUp: [line] };
    finds(facts({ commands: [command("7"), command("8", { deleted: [] })], store }), {});
    finds(facts({ commands: [command("7")], store }), { unanswered: 1 });
  });

  test("an edit that was taken for a command is doubled", () => {
    const comments = [...issue().comments, comment("22", "There is nothing to retry.")];
    finds(facts({ issues: [issue({ comments, reactions: withTwo("eyes") })] }), { doubled: 1 });
  });
});
