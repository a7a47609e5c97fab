/** A run that goes on after its work was pushed: `/dispatch retry` when the pull request could not be opened. */
import assert from "node:assert/strict";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Prepared } from "../../src/workspace/workspaces.ts";
import { git, writeFiles } from "./remote.ts";
import { openRoom, type Room } from "./room.ts";

const FIRST_END = Date.UTC(2026, 0, 2, 4);
const SECOND_END = Date.UTC(2026, 0, 2, 5);

async function pushedOnce(t: TestContext) {
  const room = await openRoom(t);
  const run = { ...room.run(), endedAt: FIRST_END };
  const prepared = await room.prepare(run);
  const { checkout } = prepared.folders;
  await writeFiles(checkout, { "committed.txt": "1\n" });
  await git(checkout, "add", "-A");
  await git(checkout, "commit", "-q", "-m", "By the agent");
  await writeFiles(checkout, { "left.txt": "1\n" });
  const work = await room.collect(run, prepared, "First leftovers");
  assert.ok(work);
  await room.push(prepared, work.sha);
  return { room, prepared, first: work.sha, checkout };
}

async function again(room: Room, { workspace }: Prepared) {
  const run = { ...room.run({ workspace }), attempt: 2, endedAt: SECOND_END };
  const prepared = await room.prepare(run, { keep: true });
  const work = await room.collect(run, prepared, "Second leftovers");
  assert.ok(work);
  await room.push(prepared, work.sha);
  return work;
}

const subjects = async (room: Room, { workspace }: Prepared) =>
  (await room.remote.bare("log", "--format=%s", workspace.branch)).split("\n");

test("more work after a push is pushed on top of it, in one line", async (t) => {
  const { room, prepared, first, checkout } = await pushedOnce(t);
  await writeFiles(checkout, { "left.txt": "2\n" });
  const { sha, files, note } = await again(room, prepared);
  assert.equal(await room.remote.bare("rev-parse", `${sha}^`), first);
  assert.deepEqual(await subjects(room, prepared), [
    "Second leftovers",
    "First leftovers",
    "By the agent",
    "first",
  ]);
  assert.equal(await room.remote.bare("show", `${prepared.workspace.branch}:left.txt`), "2");
  assert.equal(files, 2);
  assert.match(note ?? "", /one commit on top of it/);
});

test("no more work after a push is the same commit, there already", async (t) => {
  const { room, prepared, first } = await pushedOnce(t);
  const { sha, note } = await again(room, prepared);
  assert.equal(sha, first);
  assert.doesNotMatch(note ?? "", /one commit on top/);
});

test("commits on top of what the bot pushed are kept as they are", async (t) => {
  const { room, prepared, first, checkout } = await pushedOnce(t);
  await git(checkout, "fetch", "-q", join(room.remote.dir, "acme", "shop.git"), first);
  await git(checkout, "reset", "-q", first);
  await git(checkout, "commit", "-q", "--allow-empty", "-m", "On top");
  await writeFiles(checkout, { "left.txt": "3\n" });
  const { note } = await again(room, prepared);
  assert.match(note ?? "", /another author/);
  assert.deepEqual((await subjects(room, prepared)).slice(0, 3), [
    "Second leftovers",
    "On top",
    "First leftovers",
  ]);
});

test("what others pushed on top in the meantime is still not overwritten", async (t) => {
  const { room, prepared, checkout } = await pushedOnce(t);
  const { branch } = prepared.workspace;
  await room.remote.person("fetch", "-q", "origin");
  await room.remote.person("checkout", "-q", "-B", branch, `origin/${branch}`);
  const theirs = await room.remote.commit({ "theirs.txt": "t" }, "theirs", branch);
  await writeFiles(checkout, { "left.txt": "2\n" });
  await assert.rejects(again(room, prepared), { message: /someone else has pushed to the branch/ });
  assert.equal(await room.remote.bare("rev-parse", branch), theirs);
});

test("what was pushed is not forgotten when the collecting after it is cut off", async (t) => {
  const { room, prepared, first } = await pushedOnce(t);
  const repository = join(room.mirrors, "local/acme/shop/task-15.git");
  await rename(repository, `${repository}.before`);
  await git(room.dir, "init", "-q", "--bare", repository);
  await rm(join(repository, "objects"), { recursive: true });
  assert.equal((await again(room, prepared)).sha, first);
});

test("another run on the same issue does not build on what a run before it pushed", async (t) => {
  const { room, prepared, first } = await pushedOnce(t);
  await room.remote.bare("update-ref", "-d", `refs/heads/${prepared.workspace.branch}`);
  const run = { ...room.run({ id: "run-2" }), endedAt: SECOND_END };
  const next = await room.prepare(run);
  assert.equal(next.workspace.branch, prepared.workspace.branch);
  await writeFiles(next.folders.checkout, { "other.txt": "o\n" });
  const work = await room.collect(run, next);
  assert.ok(work && work.sha !== first);
  await room.push(next, work.sha);
  assert.deepEqual(await subjects(room, next), ["Leftovers", "first"]);
});
