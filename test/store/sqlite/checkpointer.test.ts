import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createCheckpointer } from "../../../src/store/sqlite/checkpointer.ts";
import { connect } from "../../../src/store/sqlite/connection.ts";

test("after enough bytes the journal is copied into the file, while the writer goes on", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "checkpoint-"));
  const file = join(dir, "a.sqlite");
  const db = connect(file);
  const checkpointer = createCheckpointer(file);
  t.after(async () => {
    await checkpointer.end();
    db.close();
    rmSync(dir, { recursive: true });
  });
  db.script("create table bytes (body text) strict");
  const size = () => statSync(file).size;
  checkpointer.wrote(1024);
  const before = size();
  for (let n = 0; n < 32; n++) {
    db.run("insert into bytes values (?)", "x".repeat(1024 * 1024));
    checkpointer.wrote(1024 * 1024);
  }
  const until = Date.now() + 10_000;
  while (size() < before + 16 * 1024 * 1024 && Date.now() < until) await sleep(20);
  assert.ok(size() >= before + 16 * 1024 * 1024, `the file has ${size()} bytes`);
  assert.equal(db.get<{ n: number }>("select count(*) as n from bytes")?.n, 32);
});

test("a store that was never busy has no thread to end", async () => {
  await createCheckpointer("/nowhere/a.sqlite").end();
});
