import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import { readableLog } from "../../src/cli/readable-log.ts";

function logged(act: (log: pino.Logger) => void, isTTY = false): string {
  let text = "";
  const out = {
    isTTY,
    write: (chunk: string) => {
      text += chunk;
    },
  };
  act(pino({}, readableLog(out, {})));
  return text;
}

test("a line has time, level, words and facts", () => {
  assert.match(
    logged((log) => log.info({ run: "r1", attempt: 2 }, "run ended")),
    /^\d\d:\d\d:\d\d info {2}run ended run=r1 attempt=2\n$/,
  );
});

test("an error brings its stack, and nothing can drive the terminal", () => {
  const text = logged((log) => log.error({ err: new Error("it broke") }, "evil \u001b[31mred\u001b[0m"));
  assert.match(text, /error evil red\nError: it broke\n {4}at /);
});

test("colour is for terminals alone", () => {
  assert.ok(logged((log) => log.warn("careful"), true).includes("\u001b[33mwarn"));
});
