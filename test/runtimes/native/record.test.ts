/** Records survive a power cut, or at least hinder nobody after one. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createNativeRuntime } from "../../../src/runtimes/native/native.ts";
import { openRecords } from "../../../src/runtimes/native/record.ts";

test("torn records are set aside and told of once, and the others are listed", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "records-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const handle = { runtime: "native", runId: "whole", attempt: 1, ref: "0:", logs: join(dir, "logs") };
  await openRecords(dir, Date.now).write({ handle, startedAt: 1, oomKills: null });
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

test("what a kill left of a write is removed when it is old, and left alone while it may be under way", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "records-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  for (const name of ["old", "young"]) writeFileSync(join(dir, `${name}.1.json.new`), "{");
  const before = new Date(Date.now() - 120_000);
  utimesSync(join(dir, "old.1.json.new"), before, before);
  assert.deepEqual(await openRecords(dir, Date.now).all(), []);
  assert.deepEqual(readdirSync(dir), ["young.1.json.new"]);
});

test("a run that is removed leaves nothing of its record, also when a kill cut its writing", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "records-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const handle = { runtime: "native", runId: "r", attempt: 1, ref: "0:", logs: join(dir, "logs") };
  const records = openRecords(dir, Date.now);
  await records.write({ handle, startedAt: 1, oomKills: null });
  writeFileSync(join(dir, "r.1.json.new"), "{");
  await records.forget(handle);
  assert.deepEqual(readdirSync(dir), []);
});
