import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseComment } from "../../src/command/parse.ts";
import {
  code,
  fenced,
  folded,
  inert,
  inline,
  plainLine,
  quoted,
  standing,
} from "../../src/report/markdown.ts";

const nasty = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...[
          "@octocat",
          "@",
          "<",
          "<!-- agent-dispatch:effect=0 -->",
          "</details>",
          "&#64;x",
          "&commat;x",
          "\\@x",
          "![a](https://x.test/a.png)",
        ],
        ...[
          "\n",
          "\r\n",
          "```",
          "````",
          "~~~",
          "`",
          "> ",
          "/dispatch cancel",
          "\u200b",
          "\u202e",
          "\u001b[31m",
          "Closes #1",
          "fixes acme/shop#2",
          "   ",
        ],
      ),
      fc.string({ unit: "binary", maxLength: 6 }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));

test("others' Markdown notifies nobody, holds no HTML, picture, entity or closing word, and no command", () => {
  fc.assert(
    fc.property(nasty, fc.constantFrom(inert, quoted, inline, standing), (text, render) => {
      const out = render(text, 1_000);
      assert.doesNotMatch(out, /@[\w-]/);
      assert.doesNotMatch(out, /<[a-z/!?]/i);
      assert.doesNotMatch(out, /!\[/);
      assert.doesNotMatch(out, /&[#a-z]/i);
      assert.doesNotMatch(out, /\b(closes|fixes):?\s+\S*#\d/i);
      assert.doesNotMatch(out, /^\s*\/dispatch/im);
      assert.deepEqual(parseComment(out, { prefix: "/dispatch", agents: [] }), []);
      assert.ok(out.isWellFormed());
    }),
    { numRuns: 1_000 },
  );
});

test("a fence can not be closed by what it holds, and no line of it begins with the command", () => {
  fc.assert(
    fc.property(nasty, (text) => {
      const lines = fenced(text, 1_000).split("\n");
      const fence = lines.at(-1) ?? "";
      assert.match(fence, /^`{3,}$/);
      assert.equal(lines[0], `${fence}text`);
      for (const line of lines.slice(1, -1)) {
        assert.ok(!new RegExp(`^ {0,3}${fence}`).test(line), line);
        assert.doesNotMatch(line, /^\s*\/dispatch/);
      }
    }),
  );
});

test("a code block left open is closed, so that what follows stands outside of it", () => {
  assert.equal(standing("a\n```js\nb", 100), "a\n```js\nb\n```");
  assert.equal(standing("```\na\n```", 100), "```\na\n```");
  assert.equal(standing("~~~~\na\n~~~", 100), "~~~~\na\n~~~\n~~~~");
});

test("a quote covers every line", () => {
  assert.equal(quoted("a\n\n```\nb", 100), "> a\n>\n> ```\n> b");
});

test("Forgejo's own words and signs for opening and closing have no effect either", () => {
  for (const text of ["Reopens #3", "closes !4", "resolves: acme/shop!5"]) {
    assert.doesNotMatch(inert(text, 100), /(reopens|closes|resolves):?\s/i);
    assert.doesNotMatch(plainLine(text, 100), /(reopens|closes|resolves):?\s/i);
  }
});

test("one line stays one line with its signs shown as they are", () => {
  assert.equal(inline("a\n*b* `c` [d](e)", 100), "a \\*b\\* \\`c\\` \\[d\\](e)");
  assert.equal(plainLine(" a\n\u202eb\t`c` ", 20), "a b `c`");
});

test("what is cut says how much is missing, and never cuts a character in two", () => {
  assert.equal(inert("x".repeat(12), 10), `${"x".repeat(10)}\n… (2 more characters)`);
  assert.equal(inert("a😀b", 2), "a\n… (3 more characters)");
});

test("a code span can not be left", () => {
  assert.equal(code("codex"), "`codex`");
  assert.equal(code("a``b"), "``` a``b ```");
  assert.equal(code(" \n"), "``(empty)``");
});

test("terminal colours and invisible characters are gone, the joiner of emoji stays", () => {
  assert.equal(inert("\u001b[31mred\u001b[0m \u001b]0;title\u0007x\u200b\u202ey", 100), "red xy");
  assert.equal(inert("👩‍💻", 100), "👩‍💻");
});

test("folded text is set apart by blank lines, so that its Markdown is read", () => {
  assert.equal(folded("More", "**b**"), "<details>\n<summary>More</summary>\n\n**b**\n\n</details>");
});
