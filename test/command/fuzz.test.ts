import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { test } from "node:test";
import fc from "fast-check";
import { parseLabel } from "../../src/command/parse.ts";
import { commands, parse, write } from "./written.ts";

test("any command, written down and read again, is the same command", () => {
  fc.assert(
    fc.property(commands, (command) => {
      assert.deepEqual(parse(write(command)), [command]);
    }),
    { numRuns: 500 },
  );
});

test("text before a command changes nothing", () => {
  const before = fc.string({ unit: "grapheme", maxLength: 80 }).map((some) => some.replace(/[`~<>/\r]/g, ""));
  fc.assert(
    fc.property(before, commands, (text, command) => {
      assert.deepEqual(parse(`${text}\n\n${write(command)}`), [command]);
    }),
  );
});

test("quoting or fencing any comment takes every command from it", () => {
  fc.assert(
    fc.property(pieces, (text) => {
      const lines = text.split(/\r\n?|\n/);
      assert.deepEqual(parse(lines.map((line) => `> ${line}`).join("\n")), []);
      assert.deepEqual(parse(`\`\`\`\`\`\`\`\`\n${lines.join("\n")}`.replaceAll("`````````", "")), []);
    }),
  );
});

/** What upsets parsers, in any order. */
const pieces = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...[
          "/dispatch",
          "/dispach",
          " ",
          "\n",
          "\r\n",
          "\u00a0",
          "\t",
          "```",
          "~~~",
          "`",
          "<!--",
          "-->",
          ">",
          "- ",
          "1. ",
        ],
        ...[
          "codex",
          "codx",
          ":",
          "status",
          "answer",
          "--",
          "--var",
          "--timeout",
          "=",
          '"',
          "'",
          "\\",
          "“",
          "—",
          "\u200b",
          "\ud800",
        ],
      ),
      fc.string({ unit: "binary", maxLength: 8 }),
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(""));

test("no text makes it throw, and what it returns is whole", () => {
  fc.assert(
    fc.property(pieces, (text) => {
      const result = parse(text);
      const last = result.length - 1;
      for (const [index, command] of result.entries()) {
        if (command.kind === "error") assert.equal(result.length, 1);
        if (command.kind === "dispatch" || command.kind === "answer") assert.equal(index, last);
      }
      parseLabel(text);
    }),
    { numRuns: 2_000 },
  );
});

test("the longest comments of the worst kinds are read in a blink, and the rest is not looked at", () => {
  const most = 65_536;
  const worst = [
    "<!--",
    "<!-- -->",
    "\n",
    "`",
    "```\n",
    "- ",
    "- - - - ```\n",
    "> ",
    "/dispatch\n",
    "/dispatch codx\n",
    "\\",
    '"',
    '/dispatch --var a="',
    "a ",
    " ",
    "1. \t",
    "--",
    "-->\n<!--",
  ];
  for (const piece of worst) {
    const body = `/dispatch x ${piece.repeat(Math.ceil((4 * most) / piece.length))}`;
    for (const text of [body, body.slice(12)]) {
      const start = performance.now();
      parse(text);
      assert.ok(
        performance.now() - start < 500,
        `${JSON.stringify(piece)} took ${performance.now() - start} ms`,
      );
    }
  }
  assert.deepEqual(parse(`${"x".repeat(most)}\n/dispatch status`), []);
});
