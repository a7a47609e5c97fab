import assert from "node:assert/strict";
import { test } from "node:test";
import { createCustom } from "../../../src/agents/custom/custom.ts";
import type { CustomAgentConfig } from "../../../src/config/config.ts";
import { Refusal } from "../../../src/model/errors.ts";
import { REQUEST } from "../../contracts/agent.ts";

const custom = (changes: Partial<CustomAgentConfig> = {}) =>
  createCustom({
    name: "mine",
    argv: ["my-agent", "run"],
    prompt: "stdin",
    success: { by: "exit" },
    mode: "work",
    install: null,
    ...changes,
  });

test("placeholders are filled in as whole arguments and as parts, once, and never split", () => {
  const argv = [
    "my-agent",
    "{checkout}",
    "--prompt={prompt_file}",
    "{model}@{model}",
    "{unknown}",
    "$HOME; rm -rf /",
  ] as const;
  const paths = { ...REQUEST.paths, checkout: "/a b/{model} $& '\"" };
  const spec = custom({ argv, prompt: "file" }).launch({ ...REQUEST, paths, model: "m" });
  assert.deepEqual(spec.argv, [
    "my-agent",
    "/a b/{model} $& '\"",
    "--prompt=/workspace/.meta/prompt.md",
    "m@m",
    "{unknown}",
    "$HOME; rm -rf /",
  ]);
  assert.deepEqual(spec.files, [{ in: "meta", path: "prompt.md", content: REQUEST.prompt }]);
  assert.equal(spec.stdin, "");
});

test("a command line that wants a model is refused without one, with what to say", () => {
  assert.throws(
    () => custom({ argv: ["my-agent", "-m", "{model}"] }).launch(REQUEST),
    (error: unknown) => error instanceof Refusal && error.fix === "say mine:<model>",
  );
});

test("a success pattern that is no regular expression is refused when the agent is made", () => {
  assert.throws(() => custom({ success: { by: "line", pattern: "(" } }), Refusal);
});

test("success by exit is exit code 0, and the last line is the last message", () => {
  const reader = custom().reader();
  assert.deepEqual(reader.line("first", "stdout"), [{ kind: "message", text: "first" }]);
  reader.line("last ", "stdout");
  reader.line("", "stdout");
  assert.deepEqual([reader.end(0).ok, reader.end(0).lastMessage], [true, "last"]);
  assert.equal(reader.end(null).failure, "mine was ended by a signal");
  reader.line("no space left", "stderr");
  assert.equal(reader.end(3).failure, "mine exited with code 3; its last error output: no space left");
});

test("success by line is the last match, whose group is the last message", () => {
  const reader = custom({ success: { by: "line", pattern: "^RESULT (.+)$" } }).reader();
  assert.equal(reader.end(0).ok, false);
  for (const line of ["RESULT one", "RESULT two", "bye"]) reader.line(line, "stdout");
  assert.deepEqual([reader.end(0).ok, reader.end(0).lastMessage], [true, "two"]);
});

test("a review is everything that was said, from its end when there is too much", () => {
  const reader = custom({ mode: "review" }).reader();
  for (let n = 0; n < 20_000; n += 1) reader.line(`line ${n}`, "stdout");
  const { lastMessage } = reader.end(0);
  assert.ok(lastMessage?.endsWith("line 19998\nline 19999"));
  assert.ok((lastMessage?.length ?? 0) <= 60_000);
});
