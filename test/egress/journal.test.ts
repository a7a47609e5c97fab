import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createJournal, readJournal } from "../../src/egress/journal.ts";

function open(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), "journal-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const file = join(dir, "journal.jsonl");
  return { file, journal: createJournal(file) };
}

test("what was told is read by another process at any time, most knocked at first, exact at the end", (t) => {
  const { file, journal } = open(t);
  assert.deepEqual(readJournal(file), { relayCame: false, blocked: [] });
  journal.relayCame();
  journal.blocked("one.example:443");
  for (let n = 0; n < 7; n++) journal.blocked("two.example:443");
  assert.deepEqual(
    readJournal(file).blocked.map(({ count }) => count),
    [4, 1],
  );
  journal.end();
  assert.deepEqual(readJournal(file), {
    relayCame: true,
    blocked: [
      { host: "two.example:443", count: 7 },
      { host: "one.example:443", count: 1 },
    ],
  });
});

test("a run that knocks at a thousand doors a thousand times fills no disk", (t) => {
  const { file, journal } = open(t);
  for (let n = 0; n < 100_000; n++) journal.blocked(`${n % 1000}.example:443`);
  journal.end();
  const { blocked } = readJournal(file);
  assert.equal(blocked.length, 101);
  assert.deepEqual(blocked.at(-1), { host: null, count: 90_000 });
  assert.ok(readFileSync(file).length < 64 * 1024);
});

test("a name is kept on its line, and a line that was cut off is left out", (t) => {
  const { file, journal } = open(t);
  journal.blocked('a"\n{"host":"b"}');
  appendFileSync(file, '{"host":"c","cou');
  assert.deepEqual(readJournal(file).blocked, [{ host: 'a"?{"host":"b"}', count: 1 }]);
});
