import assert from "node:assert/strict";
import { test } from "node:test";
import type { OutputReader } from "../../src/agents/agent.ts";
import { withTail } from "../../src/worker/tail.ts";

const reader: OutputReader = {
  line: (text) => (text.startsWith("{") ? [{ kind: "command", command: JSON.parse(text).run }] : []),
  end: () => assert.fail("not ended here"),
};

test("JSON of a CLI is told by its events, everything else as it was printed", () => {
  const { reader: kept, tail } = withTail(reader, (text) => text.replace("s3cret", "[KEY]"));
  kept.line('{"run":"npm test"}', "stdout");
  kept.line("Error: s3cret is wrong  ", "stderr");
  kept.line("", "stdout");
  assert.deepEqual(tail(), ["ran npm test", "Error: [KEY] is wrong"]);
});

test("only the last 20 lines are kept, and a line that repeats itself once", () => {
  const { reader: kept, tail } = withTail(reader, (text) => text);
  for (let n = 0; n < 30; n++) for (const _ of [1, 2]) kept.line(`line ${n}`, "stdout");
  assert.equal(tail().length, 20);
  assert.equal(tail()[0], "line 10");
});
