import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { git, writeFiles } from "./remote.ts";
import { openRoom } from "./room.ts";

test("a run's whole way: prepared, worked on, collected, pushed", async (t) => {
  const room = await openRoom(t);
  const run = room.run();
  const prepared = await room.prepare(run);
  const { checkout } = prepared.folders;
  assert.equal(prepared.workspace.branch, "agent/fix-the-price-of-tea-15");
  assert.equal(prepared.workspace.base, "main");
  assert.equal(prepared.workspace.dir, join(room.root, "local/acme/shop/task-15"));
  assert.deepEqual(prepared.recentCommits, ["first"]);
  assert.equal(await git(checkout, "rev-parse", "--abbrev-ref", "HEAD"), prepared.workspace.branch);
  assert.equal(await git(checkout, "status", "--porcelain"), "");

  await writeFiles(checkout, { "src/b.ts": "b\n", "README.md": "# Shop\nTea\n" });
  await git(checkout, "add", "src/b.ts");
  await git(checkout, "commit", "-q", "-m", "Add b");
  const work = await room.collect(run, prepared, "Work on tea");
  assert.ok(work);
  assert.deepEqual([work.files, work.added, work.removed, work.commits], [2, 2, 0, 2]);

  await room.push(prepared, work.sha);
  assert.equal(await room.remote.bare("rev-parse", prepared.workspace.branch), work.sha);
  assert.equal(
    await room.remote.bare("log", "-2", "--format=%an: %s", work.sha),
    "Dispatch Bot: Work on tea\nDispatch Bot: Add b",
  );
});
