import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeAdoption, judgeEnds } from "../../src/doctor/judge-ends.ts";

const exit = (code: number | null, signal: string | null = null) => ({ code, signal, outOfMemory: false });
const results = (judged: readonly { readonly result: string }[]) => judged.map(({ result }) => result);

test("ends that arrive as they were pass, a signal also as the code that engines make of it", () => {
  assert.deepEqual(results(judgeEnds(exit(7), exit(null, "SIGKILL"))), ["pass", "pass"]);
  assert.deepEqual(results(judgeEnds(exit(7), exit(137))), ["pass", "pass"]);
});

test("ends that arrive as others, or not at all, fail and say how they arrived", () => {
  const [code, signal] = judgeEnds(exit(0), exit(9));
  assert.deepEqual([code?.detail, signal?.detail], ["7 arrived as 0", "SIGKILL arrived as 9"]);
  const lost = judgeEnds(exit(null), null);
  assert.deepEqual(results(lost), ["fail", "fail"]);
  assert.match(lost[0]?.detail ?? "", /an end that nobody saw/);
  assert.match(lost[1]?.detail ?? "", /did not end in time/);
});

test("adoption passes when the second runtime finds and ends what the first started, and nothing is left", () => {
  const fine = { up: true, listed: true, ended: true, left: 0 };
  assert.deepEqual(results(judgeAdoption(fine)), ["pass", "pass"]);
  assert.deepEqual(results(judgeAdoption({ ...fine, left: 2 })), ["pass", "fail"]);
  for (const broken of [{ up: false }, { listed: false }, { ended: false }])
    assert.deepEqual(results(judgeAdoption({ ...fine, ...broken })), ["fail", "pass"]);
});
