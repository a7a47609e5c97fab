import assert from "node:assert/strict";
import { test } from "node:test";
import { createCodexReader } from "../../../src/agents/codex/reader.ts";
import { lines, readAll, recorded } from "../fixtures.ts";

/** The day of the recordings. */
const NOW = Date.UTC(2026, 10, 22, 19, 34);
const reader = () => createCodexReader(() => NOW);

test("a recorded run is read: session, command, last words, tokens", () => {
  const { events, result } = readAll(reader(), recorded("codex-work"), 0);
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
    session: "01a204c0-6d79-7692-8b34-2a75e5a14c76",
    usage: { inputTokens: 2400, cachedTokens: 2000, outputTokens: 68, costUsd: null },
  });
});

test("a command that prints codex's own success event does not make a success", () => {
  const untilTheEnd = recorded("codex-work").slice(0, -1);
  assert.ok(untilTheEnd.some((line) => line.includes("turn.completed")));
  assert.equal(readAll(reader(), untilTheEnd, 0).result.ok, false);
});

test("a recorded refusal of the key is a matter of auth, after its reconnections were told", () => {
  const { events, result } = readAll(reader(), recorded("codex-unauthorized"), 1);
  assert.equal(result.cause, "auth");
  assert.match(result.failure ?? "", /401 Unauthorized/);
  assert.equal(events.filter(({ kind }) => kind === "retry").length, 5);
});

test("a recorded usage limit is a limit, with its end", () => {
  const { events, result } = readAll(reader(), recorded("codex-usage-limit"), 1);
  assert.equal(result.cause, "limit");
  assert.equal(result.resetsAt, Date.UTC(2026, 10, 22, 20, 34));
  assert.deepEqual(
    events.map((event) => (event.kind === "limit" ? event.resetsAt : event.kind)),
    ["session", result.resetsAt],
  );
});

test("reconnecting is not failing", () => {
  const run = lines(
    { type: "error", message: "Reconnecting... 1/5 (stream disconnected)" },
    { type: "turn.completed", usage: null },
  );
  assert.equal(readAll(reader(), run, 0).result.ok, true);
});

test("changed files, plans and thoughts are told", () => {
  const items = [
    { type: "file_change", changes: [{ path: "/repo/a.ts", kind: "add" }, { path: "/repo/b.ts" }] },
    { type: "todo_list", items: [{ text: "one", completed: true }, { text: "two" }] },
    { type: "reasoning", text: "Hmm." },
    { type: "error", text: "a warning" },
  ];
  const { events } = readAll(reader(), lines(...items.map((item) => ({ type: "item.completed", item }))), 1);
  assert.deepEqual(events, [
    { kind: "file", path: "/repo/a.ts" },
    { kind: "file", path: "/repo/b.ts" },
    {
      kind: "plan",
      items: [
        { text: "one", done: true },
        { text: "two", done: false },
      ],
    },
    { kind: "thinking", text: "Hmm." },
  ]);
});

test("an end without any event is explained by the last words on stderr", () => {
  const one = reader();
  one.line("error: unexpected argument '--nope'", "stderr");
  one.line("  ", "stderr");
  assert.match(one.end(2).failure ?? "", /last error output: error: unexpected argument '--nope'$/);
});
