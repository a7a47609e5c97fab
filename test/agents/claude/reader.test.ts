import assert from "node:assert/strict";
import { test } from "node:test";
import { createClaudeReader } from "../../../src/agents/claude/reader.ts";
import { lines, readAll, recorded } from "../fixtures.ts";

const SESSION = "5a833948-f54d-4423-a1d7-9f3fa47dbc8a";
const assistant = (content: readonly unknown[], more = {}) => ({
  type: "assistant",
  message: { content },
  ...more,
});
const success = { type: "result", subtype: "success", is_error: false, result: "Done.", session_id: SESSION };

test("a recorded run is read: session, command, last words, tokens, cost", () => {
  const { events, result } = readAll(createClaudeReader(), recorded("claude-work"), 0);
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ["session", "command", "message"],
  );
  assert.deepEqual(result, {
    ok: true,
    failure: null,
    cause: null,
    resetsAt: null,
    lastMessage: "I wrote a greeting.",
    session: SESSION,
    usage: { inputTokens: 2400, cachedTokens: 2000, outputTokens: 68, costUsd: 0.00168 },
  });
});

test("a recorded refusal of the login is a matter of auth, and the CLI's own note is not the agent's last message", () => {
  const { events, result } = readAll(createClaudeReader(), recorded("claude-unauthorized"), 1);
  assert.equal(result.cause, "auth");
  assert.equal(result.failure, "Not logged in · Please run /login");
  assert.equal(result.lastMessage, null);
  assert.deepEqual(
    events.filter((event) => event.kind === "retry").map(({ text }) => text),
    ["asking again, 1 of 3 (status 401)", "asking again, 2 of 3 (status 401)"],
  );
});

test("a recorded usage limit is a limit, with its end", () => {
  const { events, result } = readAll(createClaudeReader(), recorded("claude-usage-limit"), 1);
  assert.equal(result.cause, "limit");
  assert.equal(result.resetsAt, 1795379660_000);
  assert.ok(events.some((event) => event.kind === "limit" && event.resetsAt === result.resetsAt));
});

test("subtype success with an error is a failure, and so is no error with another subtype", () => {
  for (const change of [
    { is_error: true },
    { is_error: null },
    { subtype: "error_max_turns" },
    { is_error: "false" },
  ]) {
    const { result } = readAll(createClaudeReader(), lines({ ...success, ...change }), 0);
    assert.equal(result.ok, false, JSON.stringify(change));
  }
});

test("what the CLI itself stumbled over is told: a session it does not know", () => {
  const failed = { ...success, is_error: true, subtype: "error_during_execution", result: undefined };
  const why = "No conversation found with session ID: 1dae101e-3d29-4d29-8d29-1dae101e3d29";
  const { result } = readAll(createClaudeReader(), lines({ ...failed, errors: [why] }), 1);
  assert.equal(result.failure, why);
  assert.equal(result.cause, "other");
  for (const errors of [undefined, [], [7], "no"]) {
    const { result } = readAll(createClaudeReader(), lines({ ...failed, errors }), 1);
    assert.match(result.failure ?? "", /error_during_execution/);
  }
});

test("a limit that was lifted again does not explain a later failure", () => {
  const info = (status: string) => ({
    type: "rate_limit_event",
    rate_limit_info: { status, resetsAt: 1795379660 },
  });
  const failed = { ...success, is_error: true, result: "Something else" };
  const { result } = readAll(createClaudeReader(), lines(info("rejected"), info("allowed"), failed), 1);
  assert.equal(result.cause, "other");
});

test("an end after a rejected limit, without a result, is still a limit", () => {
  const info = { type: "rate_limit_event", rate_limit_info: { status: "rejected", resetsAt: 1795379660 } };
  const { result } = readAll(createClaudeReader(), lines(info), null);
  assert.equal(result.cause, "limit");
  assert.equal(result.resetsAt, 1795379660_000);
});

test("files, plans and thoughts are told; a subagent's words are not the last message", () => {
  const run = lines(
    assistant([{ type: "thinking", thinking: "Hmm." }]),
    assistant([{ type: "tool_use", name: "Edit", input: { file_path: "/repo/a.ts" } }]),
    assistant([
      { type: "tool_use", name: "TodoWrite", input: { todos: [{ content: "one", status: "completed" }] } },
    ]),
    assistant([{ type: "text", text: "Mine." }]),
    assistant([{ type: "text", text: "A subagent's." }], { parent_tool_use_id: "toolu_1" }),
  );
  const { events, result } = readAll(createClaudeReader(), run, null);
  assert.deepEqual(events.slice(0, 3), [
    { kind: "thinking", text: "Hmm." },
    { kind: "file", path: "/repo/a.ts" },
    { kind: "plan", items: [{ text: "one", done: true }] },
  ]);
  assert.equal(result.lastMessage, "Mine.");
});
