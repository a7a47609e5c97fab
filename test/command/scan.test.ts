import assert from "node:assert/strict";
import { test } from "node:test";
import { findSlashLines } from "../../src/command/scan.ts";

/** The words found in lines of Markdown. */
function found(...lines: string[]): string[] {
  return findSlashLines(lines.join("\n")).map(({ word }) => word);
}

test("fenced code hides commands, also when the fence is not closed or longer", () => {
  assert.deepEqual(found("```", "/a", "```", "/b"), ["/b"]);
  assert.deepEqual(found("~~~ sh", "/a", "```", "~~~", "/b"), ["/b"]);
  assert.deepEqual(found("````", "/a", "```", "/b", "`````", "/c"), ["/c"]);
  assert.deepEqual(found("```", "/a"), []);
  assert.deepEqual(found("```", "/a", "    ```", "/b"), []);
});

test("inline code at the start of a line is no fence", () => {
  assert.deepEqual(found("```x``` y", "/a"), ["/a"]);
});

test("a fence inside a list item ends with its own close or with the item", () => {
  assert.deepEqual(found("- ```", "  /a", "  ```", "/b"), ["/b"]);
  assert.deepEqual(found("1. x", "   ```", "   /a", "   ```", "/b"), ["/b"]);
  assert.deepEqual(found("- ```", "  /a", "", "/b"), ["/b"]);
});

test("indented code and quotes are no commands, and a fence in a quote ends with it", () => {
  assert.deepEqual(found("    /a", "\t/b", "> /c", "   > /d", "   /e"), ["/e"]);
  assert.deepEqual(found("> ```", "> /a", "/b"), ["/b"]);
});

test("HTML comments hide commands; one that opens a line and never closes hides the rest", () => {
  assert.deepEqual(found("<!--", "/a", "-->", "/b"), ["/b"]);
  assert.deepEqual(found("x <!-- y", "/a", "--> <!-- z", "/b", "-->", "/c"), ["/c"]);
  assert.deepEqual(found("<!-- /a"), []);
  assert.deepEqual(found("<!-- open", "/a"), []);
  assert.deepEqual(found("an arrow <!-- here", "/a"), ["/a"]);
  assert.deepEqual(found("```", "<!--", "```", "/a"), ["/a"]);
});

test("a line's place is exact, with up to three blanks before the word", () => {
  const text = "hi\n  /a b\nc";
  assert.deepEqual(findSlashLines(text), [{ word: "/a", start: 3, afterWord: 7, end: 9 }]);
});
