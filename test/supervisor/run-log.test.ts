/** The log is on disk as the agent speaks, without secrets, and never too long. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { createRunLog } from "../../src/supervisor/run-log.ts";

function bench(t: TestContext, maxBytes = 1e6, redact = (text: string) => text) {
  const root = mkdtempSync(join(tmpdir(), "run-log-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const file = join(root, "runs", "1.log");
  const log = createRunLog({ file, maxBytes, redact });
  t.after(() => log.close());
  return { root, file, log, read: () => readFileSync(file, "utf8") };
}

test("a line is on disk one turn of the event loop after it came, and stderr is marked", async (t) => {
  const { log, read, file } = bench(t);
  log.write("stdout", "one");
  log.write("stderr", "two");
  await setImmediate();
  await setImmediate();
  assert.equal(read(), "one\n[stderr] two\n");
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test("a secret reaches neither the disk nor the tail", (t) => {
  const { root, log, read } = bench(t, 1e6, (text) => text.replaceAll("hunter22", "[KEY]"));
  log.write("stdout", "the key is hunter22");
  log.write("stdout", `${"x".repeat(64 * 1024 - 4)}hunter22`);
  log.close();
  assert.match(read(), /the key is \[KEY\]/);
  assert.ok(!read().includes("hunt"));
  assert.ok(!log.tail(2).join().includes("hunt"));
  assert.deepEqual(readdirSync(join(root, "runs")), ["1.log"]);
});

test("beyond the cap the first half and the latest lines are kept, and what is missing is said", (t) => {
  const { log, read } = bench(t, 10_000);
  const lines = Array.from({ length: 5_000 }, (_, index) => `line ${index}`);
  for (const line of lines) log.write("stdout", line);
  log.close();
  const kept = read().trimEnd().split("\n");
  assert.ok(read().length <= 10_100, `${read().length} bytes`);
  assert.equal(kept[0], "line 0");
  assert.equal(kept.at(-1), "line 4999");
  const gap = kept.findIndex((line) => line.startsWith("["));
  const dropped = Number(/^\[(\d+) bytes of the log were dropped here\]$/.exec(kept[gap] ?? "")?.[1]);
  const whole = lines.map((line) => line.length + 1).reduce((sum, length) => sum + length, 0);
  assert.equal(read().length - `${kept[gap]}\n`.length + dropped, whole);
  assert.deepEqual(kept.slice(0, gap), lines.slice(0, gap));
  assert.deepEqual(kept.slice(gap + 1), lines.slice(gap + 1 - kept.length));
});

test("the latest lines are on disk before the log is closed, also beyond the cap", async (t) => {
  const { log, file } = bench(t, 4_096);
  for (let index = 0; index < 1_000; index += 1) log.write("stdout", `line ${index}`);
  await setImmediate();
  await setImmediate();
  assert.match(readFileSync(`${file}.2`, "utf8"), /line 999\n$/);
  log.close();
  assert.ok(!existsSync(`${file}.2`));
});

test("a line over 64 KB is cut, and says by how much", (t) => {
  const { log, read } = bench(t, 1e7);
  log.write("stdout", "a".repeat(64 * 1024 + 7));
  log.close();
  assert.equal(read(), `${"a".repeat(64 * 1024)} [7 more characters]\n`);
});

test("the tail is the last lines in order, also after the close", (t) => {
  const { log } = bench(t);
  for (const line of ["a", "b", "c"]) log.write("stdout", line);
  log.close();
  log.close();
  log.write("stdout", "too late");
  assert.deepEqual(log.tail(2), ["b", "c"]);
  assert.deepEqual(log.tail(9), ["a", "b", "c"]);
  assert.deepEqual(log.tail(0), []);
});

test("what an earlier try wrote into the same file is replaced", (t) => {
  const { log, file, read } = bench(t);
  log.write("stdout", "old");
  log.close();
  createRunLog({ file, maxBytes: 1e6, redact: (text) => text }).close();
  assert.equal(read(), "");
});

test("a log that cannot be written tells the next writer, and not the event loop", async (t) => {
  const { log, file } = bench(t, 160);
  mkdirSync(`${file}.2`);
  log.write("stdout", "1234567890");
  for (let index = 0; index < 20; index += 1) log.write("stdout", `${index}`.padStart(10));
  await setImmediate();
  await setImmediate();
  assert.throws(() => log.write("stdout", "more"), /EISDIR|EEXIST/);
  log.close();
});
