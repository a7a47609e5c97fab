/** The copy has the same bytes at the same places as the file, also when copying fails now and then. */
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { copyLog, type LogCopyOptions } from "../../src/supervisor/copy-log.ts";
import { createRunLog } from "../../src/supervisor/run-log.ts";
import { createPlainFleet } from "../worker/plain-fleet.ts";
import { until } from "../worker/wait.ts";

const NEVER = new AbortController().signal;

function bench(t: TestContext, more: Partial<LogCopyOptions> = {}) {
  const dir = mkdtempSync(join(tmpdir(), "copy-log-"));
  const file = join(dir, "r.1.log");
  const fleet = createPlainFleet();
  const warned: string[] = [];
  const warn = (reason: string) => void warned.push(reason);
  const open = () => copyLog({ file, runId: "r", attempt: 1, fleet, everyMs: 5, warn, ...more });
  const copy = open();
  t.after(async () => {
    await copy.end(AbortSignal.abort());
    rmSync(dir, { recursive: true });
  });
  return { file, fleet, warned, copy, open, copied: () => fleet.logs.get("r.1") };
}

test("what is written is copied soon after, whole lines only", async (t) => {
  const { file, copied } = bench(t);
  writeFileSync(file, "one\ntw");
  await until(() => copied() === "one\n", "the first line");
  appendFileSync(file, "ö\n");
  await until(() => copied() === "one\ntwö\n", "the second line");
});

test("a long log is copied in pieces, and the end of it is there when the run ends", async (t) => {
  const { file, copy, fleet, copied } = bench(t, { everyMs: 60_000 });
  const pieces: number[] = [];
  const { appendLog } = fleet;
  Object.assign(fleet, {
    appendLog: async (piece: Parameters<typeof appendLog>[0]) => {
      pieces.push(piece.at);
      await appendLog(piece);
    },
  });
  const log = createRunLog({ file, maxBytes: 4e6, redact: (text) => text });
  for (let n = 0; n < 9_000; n++) log.write("stdout", `${"ä".repeat(60)} ${n}`);
  log.close();
  await copy.end(NEVER);
  assert.equal(copied(), readFileSync(file, "utf8"));
  assert.ok(pieces.length > 3, `${pieces}`);
});

test("a log beyond its cap is copied as it is kept: its beginning, what is missing, its latest lines", async (t) => {
  const { file, copy, copied } = bench(t);
  const log = createRunLog({ file, maxBytes: 20_000, redact: (text) => text });
  for (let n = 0; n < 2_000; n++) log.write("stdout", `line ${n} ${"x".repeat(50)}`);
  await copy.catchUp();
  log.close();
  await copy.end(NEVER);
  assert.equal(copied(), readFileSync(file, "utf8"));
  assert.match(copied() ?? "", /line 0 .*bytes of the log were dropped here.*line 1999 /s);
});

test("what could not be copied is told once and copied later, nothing of it twice", async (t) => {
  const { file, fleet, warned, copied } = bench(t);
  fleet.failures.push(...Array.from({ length: 3 }, () => new Error("connection refused")));
  writeFileSync(file, "one\ntwo\n");
  await until(() => copied() === "one\ntwo\n", "the copy");
  assert.deepEqual(warned, ["connection refused"]);
});

test("a copy that hangs holds up nobody for long", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { file, copy } = bench(t, { fleet: { appendLog: () => new Promise<void>(() => {}) } });
  writeFileSync(file, "one\n");
  const ended = copy.end(NEVER);
  t.mock.timers.tick(2_000);
  await ended;
});

test("an adopted run's log is copied anew from its beginning", async (t) => {
  const { file, copy, open, copied } = bench(t);
  writeFileSync(file, "one\ntwo\nthree\n");
  await copy.end(NEVER);
  writeFileSync(file, "one\n");
  const again = open();
  await again.end(NEVER);
  assert.equal(copied(), "one\n");
});

test("nothing is copied once the lease is lost: the log may be another's", async (t) => {
  const { file, copy, copied } = bench(t, { everyMs: 60_000 });
  writeFileSync(file, "one\n");
  await copy.end(AbortSignal.abort());
  assert.equal(copied(), undefined);
});
