/** The agents' own journal. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Line, overlaps, readJournal, unended } from "./journal.ts";

const line = (what: Line["what"], pid: number, at: number, more: Partial<Line> = {}): Line => {
  return { what, run: `r${pid}.1`, errand: "1", pid, start: `${pid}`, at, ...more };
};

test("agents of one errand one after another do not overlap, nor do those of different errands", () => {
  const lines = [line("begin", 1, 0), line("end", 1, 10), line("begin", 2, 10), line("end", 2, 20)];
  assert.deepEqual(overlaps([...lines, line("begin", 3, 5, { errand: "2" })]), []);
});

test("an agent that begins before the one before it has ended is an overlap", () => {
  const found = overlaps([line("begin", 1, 0), line("begin", 2, 5), line("end", 1, 10), line("end", 2, 20)]);
  assert.equal(found.length, 1);
  assert.match(found[0] ?? "", /r2\.1 .* began 5 ms before r1\.1/);
});

test("an agent that was seen alive by the next one is an overlap, though it never wrote its end", () => {
  const found = overlaps([line("begin", 1, 0), line("begin", 2, 5), line("overlap", 2, 5, { with: "r1.1" })]);
  assert.deepEqual(found, ["r2.1 began while r1.1 worked"]);
});

test("those without an end may be alive, but for oneself and a pid that was given out again", () => {
  const again = line("begin", 1, 30, { start: "later" });
  const lines = [line("begin", 1, 0), line("end", 1, 9), line("begin", 2, 10), again];
  assert.deepEqual(
    unended(lines, "1", again).map(({ pid }) => pid),
    [2],
  );
  assert.deepEqual(unended(lines, "2", again), []);
});

test("a line cut short by a kill is left out", () => {
  const text = `${JSON.stringify(line("begin", 1, 0))}\n{"what":"be`;
  assert.equal(readJournal(text).length, 1);
});
