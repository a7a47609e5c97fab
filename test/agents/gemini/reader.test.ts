import assert from "node:assert/strict";
import { test } from "node:test";
import { createGeminiReader } from "../../../src/agents/gemini/reader.ts";
import { lines, readAll, recorded } from "../fixtures.ts";

const piece = (content: string) => ({ type: "message", role: "assistant", content, delta: true });

test("a recorded run is read: session, command, last words, tokens", () => {
  const { events, result } = readAll(createGeminiReader(), recorded("gemini-work"), 0);
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ["command", "session", "message"],
  );
  assert.deepEqual(result, {
    ok: true,
    failure: null,
    cause: null,
    resetsAt: null,
    lastMessage: "I wrote a greeting.",
    session: "bc996107-ec71-4b85-96d4-1334dad3e232",
    usage: { inputTokens: 3600, cachedTokens: 3000, outputTokens: 90, costUsd: null },
  });
});

test("recorded refusals are told apart: the key is a matter of auth, the quota a limit", () => {
  assert.equal(readAll(createGeminiReader(), recorded("gemini-unauthorized"), 144).result.cause, "auth");
  const { events, result } = readAll(createGeminiReader(), recorded("gemini-usage-limit"), 173);
  assert.equal(result.cause, "limit");
  assert.equal(events.at(-1)?.kind, "limit");
});

test("a session is told when the model has answered, for only then can it be resumed", () => {
  const refused = readAll(createGeminiReader(), recorded("gemini-unauthorized"), 144);
  assert.match(recorded("gemini-unauthorized")[0] ?? "", /"session_id"/);
  assert.equal(refused.result.session, null);
  assert.ok(refused.events.every(({ kind }) => kind !== "session"));
  const silent = readAll(createGeminiReader(), recorded("gemini-work").slice(0, 2), null);
  assert.equal(silent.result.session, null);
  const toolRan = recorded("gemini-work").findIndex((line) => line.includes('"tool_result"'));
  const killed = readAll(createGeminiReader(), recorded("gemini-work").slice(0, toolRan + 1), null);
  assert.equal(killed.result.session, "bc996107-ec71-4b85-96d4-1334dad3e232");
  const said = readAll(
    createGeminiReader(),
    recorded("gemini-work").filter((line) => !/"tool_(?:use|result)"/.test(line)),
    0,
  );
  assert.ok(said.result.session);
});

test("a message in pieces is told once, whole, when something else follows", () => {
  const run = lines(
    piece("I will "),
    piece("look.\n"),
    { type: "tool_use", tool_name: "write_file", parameters: { file_path: "a.ts" } },
    piece("Done."),
  );
  const { events, result } = readAll(createGeminiReader(), run, 0);
  assert.deepEqual(events, [
    { kind: "message", text: "I will look." },
    { kind: "file", path: "a.ts" },
  ]);
  assert.equal(result.lastMessage, "Done.");
  assert.equal(result.ok, false, "killed in mid-run, this CLI exits 0");
});

test("its waits are read from stderr", () => {
  const line = "Attempt 1 failed with status 429. Retrying with backoff... _ApiError: {}";
  assert.deepEqual(createGeminiReader().line(line, "stderr"), [{ kind: "retry", text: line }]);
});
