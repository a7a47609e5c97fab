/** Records survive a power cut, or at least hinder nobody after one. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createNativeRuntime } from "../../../src/runtimes/native/native.ts";
import { openRecords } from "../../../src/runtimes/native/record.ts";

test("torn records are set aside and told of once, and the others are listed", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "records-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const handle = { runtime: "native", runId: "whole", attempt: 1, ref: "0:", logs: join(dir, "logs") };
  await openRecords(dir).write({ handle, startedAt: 1, oomKills: null });
  const torn = {
    empty: "",
    cut: '{"handle":{"run',
    zeros: "\0\0\0",
    nothing: "null",
    hollow: '{"handle":{}}',
  };
  for (const [name, text] of Object.entries(torn)) writeFileSync(join(dir, `${name}.1.json`), text);
  const warned: string[] = [];
  const runtime = createNativeRuntime({ now: Date.now, records: dir, warn: (text) => warned.push(text) });
  assert.deepEqual(await runtime.list(), [handle]);
  assert.deepEqual(await runtime.list(), [handle]);
  assert.equal(warned.length, Object.keys(torn).length);
  for (const name of Object.keys(torn)) assert.ok(warned.some((text) => text.includes(`${name}.1.json`)));
  const names = Object.keys(torn).map((name) => `${name}.1.json.broken`);
  assert.deepEqual(readdirSync(dir).sort(), [...names, "whole.1.json"].sort());
});

test("a run whose own record is torn still comes to its end", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "records-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, "r.1.json"), "{");
  const handle = { runtime: "native", runId: "r", attempt: 1, ref: "0:", logs: dir };
  writeFileSync(join(dir, "exit.1.raw"), "exit 4\n");
  const runtime = createNativeRuntime({ now: Date.now, records: dir });
  assert.equal((await runtime.wait(handle)).code, 4);
  await runtime.remove(handle);
});
