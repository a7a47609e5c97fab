import assert from "node:assert/strict";
import { test } from "node:test";
import { readDocument } from "../../src/config/document.ts";

const read = (text: string) => readDocument(text, "a.yaml", 100_000);
const problem = (text: string) => {
  const [first] = read(text).problems;
  return first && `${first.line}:${first.column} ${first.key} ${first.message}`;
};

test("the place of keys, values, list items and missing keys is known", () => {
  const document = read("a:\n  b: [x, y]\n  c: {d: 1}\n");
  assert.deepEqual(document.place(["a", "b"], "key"), { line: 2, column: 3 });
  assert.deepEqual(document.place(["a", "b", 1], "value"), { line: 2, column: 10 });
  assert.deepEqual(document.place(["a", "c", "d"], "value"), { line: 3, column: 10 });
  assert.deepEqual(document.place(["a", "c", "missing"], "value"), { line: 3, column: 3 });
});

test("an empty file is an empty map", () => {
  assert.deepEqual(read("# nothing\n").value, {});
});

test("duplicate keys, tabs, tags and second documents are refused with their place", () => {
  assert.equal(problem("a: 1\nb: 2\na: 3\n"), "3:1 a is given twice");
  assert.match(problem("a:\n\tb: 1\n") ?? "", /^2:1 \(YAML\) Tabs are not allowed/);
  assert.match(problem("a: !!js/function x\n") ?? "", /^1:4 \(YAML\) Unresolved tag/);
  assert.match(problem("a: 1\n---\nb: 2\n") ?? "", /^2:1 \(YAML\) Source contains multiple documents/);
  assert.match(problem("a: [1\n") ?? "", /\(YAML\)/);
});

test("aliases are followed, but not many of them", () => {
  assert.deepEqual(read("a: &x [1]\nb: *x\n").value, { a: [1], b: [1] });
  const bomb = ["a0: &a0 [x, x]"];
  for (let i = 1; i < 30; i++) bomb.push(`a${i}: &a${i} [*a${i - 1}, *a${i - 1}]`);
  assert.equal(problem(bomb.join("\n")), "1:1 (file) has too many aliases");
});

test("a file beyond the limit, and one nested beyond reason, is refused without a crash", () => {
  assert.equal(problem("#".repeat(100_001)), "1:1 (file) is too large");
  const deep = "[".repeat(40_000) + "]".repeat(40_000);
  assert.ok(read(deep).problems.length > 0 || Array.isArray(read(deep).value));
});
