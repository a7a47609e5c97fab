import assert from "node:assert/strict";
import { test } from "node:test";
import type { AgentEvent } from "../../src/agents/agent.ts";
import { activityLine } from "../../src/worker/activity.ts";

const items = [
  { text: "read", done: true },
  { text: "write", done: false },
];

for (const [event, line] of [
  [{ kind: "message", text: "I looked around." }, "I looked around."],
  [{ kind: "retry", text: "reconnecting 2 of 5" }, "reconnecting 2 of 5"],
  [{ kind: "limit", resetsAt: null, text: "usage limit" }, "usage limit"],
  [{ kind: "command", command: "npm test" }, "ran npm test"],
  [{ kind: "file", path: "src/a.ts" }, "changed src/a.ts"],
  [{ kind: "plan", items }, "1 of 2 steps of its plan done"],
  [{ kind: "session", id: "s" }, null],
  [{ kind: "thinking", text: "hm" }, null],
] as const satisfies readonly (readonly [AgentEvent, string | null])[]) {
  test(`${event.kind} is ${line === null ? "no news" : "told in one line"}`, () => {
    assert.equal(activityLine(event), line);
  });
}
