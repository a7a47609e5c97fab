import assert from "node:assert/strict";
import { test } from "node:test";
import { harmless, painter } from "../../src/cli/io.ts";
import { cli } from "./terminal.ts";

const sink = (isTTY: boolean) => ({ isTTY, write: () => {} });

test("colour is for terminals whose owner has not refused it", () => {
  assert.equal(painter(sink(true), {})("x", "red"), "\u001b[31mx\u001b[0m");
  assert.equal(painter(sink(false), {})("x", "red"), "x");
  assert.equal(painter(sink(true), { NO_COLOR: "1" })("x", "red"), "x");
});

test("help has colour on a terminal and none elsewhere", async () => {
  assert.ok((await cli(["--help"], {}, true)).out.includes("\u001b["));
  assert.ok(!(await cli(["--help"])).out.includes("\u001b["));
});

test("text from elsewhere loses escapes and direction marks, and keeps tabs, lines and other scripts", () => {
  assert.equal(
    harmless("a\u001b[1;31mb\u001b]8;;http://x\u001b\\c\u009b2Jd\u0007\u202ee\u2066f"),
    "abc2Jdef",
  );
  assert.equal(harmless("größe\t日本\n🚀"), "größe\t日本\n🚀");
});
