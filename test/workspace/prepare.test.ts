import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { git, TOKEN, writeFiles } from "./remote.ts";
import { openRoom } from "./room.ts";

test("neither the mirror nor the checkout holds the credential, in any file", async (t) => {
  const room = await openRoom(t, { spares: true });
  await room.prepare(room.run());
  await room.workspaces.idle();
  const secrets = [TOKEN, Buffer.from(`bot:${TOKEN}`).toString("base64")];
  for (const secret of secrets) {
    const grep = promisify(execFile)("grep", ["-rlF", secret, room.dir]);
    await assert.rejects(grep, { code: 1 }, "grep must find nothing");
  }
});

test("the checkout has the bot's identity, the plain URL, and objects of its own", async (t) => {
  const room = await openRoom(t);
  const { folders } = await room.prepare(room.run());
  assert.equal(await git(folders.checkout, "config", "user.name"), "Dispatch Bot");
  assert.equal(await git(folders.checkout, "config", "remote.origin.url"), room.remote.credential.url);
  const objects = join(folders.checkout, ".git/objects");
  await assert.rejects(lstat(join(objects, "info/alternates")), { code: "ENOENT" });
  for (const entry of await readdir(objects, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    assert.equal((await lstat(join(entry.parentPath, entry.name))).nlink, 1, `${entry.name} is shared`);
  }
});

test("the folders stand beside the checkout, outside the agent's tree", async (t) => {
  const room = await openRoom(t);
  const { workspace, folders } = await room.prepare(room.run());
  assert.deepEqual((await readdir(workspace.dir)).sort(), [".home", ".logs", ".meta", ".run", "repo"]);
  assert.deepEqual(folders, room.workspaces.foldersOf(room.run()));
});

test("a second run gets what was pushed since the first, and removes the first's leftovers", async (t) => {
  const room = await openRoom(t);
  const first = await room.prepare(room.run());
  await writeFiles(first.folders.checkout, { "left.txt": "over" });
  await writeFiles(first.folders.logs, { "log.txt": "first run" });
  const sha = await room.remote.commit({ "new.txt": "new" }, "second");
  const second = await room.prepare(room.run({ id: "run-2" }));
  assert.equal(second.workspace.baseSha, sha);
  assert.deepEqual(second.recentCommits, ["second", "first"]);
  assert.deepEqual((await readdir(second.folders.checkout)).sort(), [".git", "README.md", "new.txt", "src"]);
  assert.deepEqual(await readdir(second.folders.logs), []);
});

test("another attempt of the same run starts afresh but keeps its logs", async (t) => {
  const room = await openRoom(t);
  const first = await room.prepare(room.run());
  await writeFiles(first.folders.checkout, { "left.txt": "over" });
  await writeFiles(first.folders.logs, { "log.txt": "first attempt" });
  const second = await room.prepare(room.run());
  assert.ok(!(await readdir(second.folders.checkout)).includes("left.txt"));
  assert.deepEqual(await readdir(second.folders.logs), ["log.txt"]);
});

test("with keep, a run goes on in its own checkout as it left it, without asking the remote", async (t) => {
  const room = await openRoom(t);
  const first = await room.prepare(room.run());
  await writeFiles(first.folders.checkout, { "half.txt": "done" });
  room.remote.requests.length = 0;
  const again = await room.prepare(room.run({ workspace: first.workspace }), { keep: true });
  assert.deepEqual(again.workspace, first.workspace);
  assert.equal(await readFile(join(again.folders.checkout, "half.txt"), "utf8"), "done");
  assert.deepEqual(room.remote.requests, []);
});

test("with keep, another run's checkout is not taken over", async (t) => {
  const room = await openRoom(t);
  const first = await room.prepare(room.run());
  await writeFiles(first.folders.checkout, { "half.txt": "done" });
  const other = await room.prepare(room.run({ id: "run-2", workspace: first.workspace }), { keep: true });
  assert.ok(!(await readdir(other.folders.checkout)).includes("half.txt"));
});

test("with keep, a checkout whose making was cut short is made anew", async (t) => {
  const room = await openRoom(t);
  const first = await room.prepare(room.run());
  await rm(first.folders.checkout, { recursive: true });
  await mkdir(join(first.workspace.dir, ".unfinished", ".git"), { recursive: true });
  const again = await room.prepare(room.run({ workspace: first.workspace }), { keep: true });
  assert.ok((await readdir(again.folders.checkout)).includes("README.md"));
  assert.ok(!(await readdir(again.workspace.dir)).includes(".unfinished"));
});

test("runs that come at the same time share one fetch", async (t) => {
  const room = await openRoom(t);
  await room.prepare(room.run({ id: "warm", issue: { number: 1 } }));
  room.remote.requests.length = 0;
  const runs = [2, 3, 4, 5, 6].map((number) => room.run({ id: `run-${number}`, issue: { number } }));
  const prepared = await Promise.all(runs.map((run) => room.prepare(run)));
  assert.equal(new Set(prepared.map(({ workspace }) => workspace.dir)).size, 5);
  // One fetch of nothing new is one exchange or two; the second one is for those who came while the first ran.
  assert.ok(room.remote.requests.length <= 4, `${room.remote.requests.length} requests`);
});

test("what was pushed while a fetch ran is in the next run's fetch", async (t) => {
  const room = await openRoom(t);
  const early = room.prepare(room.run({ id: "early", issue: { number: 1 } }));
  const sha = await room.remote.commit({ "late.txt": "late" }, "late");
  const late = await room.prepare(room.run({ id: "late", issue: { number: 2 } }));
  assert.equal(late.workspace.baseSha, sha);
  await early;
});

test("a cancelled run leaves at once, and the fetch serves the next", async (t) => {
  const room = await openRoom(t);
  const cancelled = AbortSignal.abort(new Error("cancelled by ann"));
  const request = { run: room.run(), defaultBranch: "main", credential: room.remote.credential, pull: null };
  await assert.rejects(
    room.workspaces.prepare({ ...request, signal: cancelled, keep: false }),
    /cancelled by ann/,
  );
  const controller = new AbortController();
  const running = room.workspaces.prepare({ ...request, signal: controller.signal, keep: false });
  controller.abort(new Error("cancelled by bob"));
  await assert.rejects(running, /cancelled by bob/);
  assert.ok(await room.prepare(room.run()));
});

test("a mirror that a crash has broken is made anew", async (t) => {
  const room = await openRoom(t);
  await room.prepare(room.run());
  const mirror = join(room.mirrors, "local/acme/shop.git");
  await writeFile(join(mirror, "packed-refs.lock"), "");
  await rm(join(mirror, "objects"), { recursive: true });
  const prepared = await room.prepare(room.run({ id: "run-2" }));
  assert.ok((await readdir(prepared.folders.checkout)).includes("README.md"));
});

test("a mirror that cannot be copied as files is still cloned from", async (t) => {
  const room = await openRoom(t);
  await room.prepare(room.run());
  await symlink("/nowhere", join(room.mirrors, "local/acme/shop.git/objects/in-the-way"));
  const { folders } = await room.prepare(room.run({ id: "run-2" }));
  assert.equal(await git(folders.checkout, "status", "--porcelain"), "");
});

test("a mirror of many packs is tidied in the background", async (t) => {
  const room = await openRoom(t);
  await room.prepare(room.run());
  await room.workspaces.idle();
  const mirror = join(room.mirrors, "local/acme/shop.git");
  const packs = async () =>
    (await readdir(join(mirror, "objects/pack"))).filter((name) => name.endsWith(".pack"));
  const script =
    "for n in $(seq 45); do echo $n | git hash-object -w --stdin | git pack-objects -q objects/pack/pack; done";
  await promisify(execFile)("sh", ["-c", script], { cwd: mirror });
  assert.ok((await packs()).length >= 45);
  const { folders } = await room.prepare(room.run({ id: "run-2" }));
  await room.workspaces.idle();
  assert.ok((await packs()).length < 5, `${(await packs()).length} packs`);
  assert.equal(await git(folders.checkout, "fsck", "--no-dangling"), "");
  assert.deepEqual(room.warnings, []);
});

test("a link on the way to a run's folder is refused, and nothing behind it is touched", async (t) => {
  const room = await openRoom(t);
  const outside = join(room.dir, "outside");
  await writeFiles(outside, { "task-15/precious.txt": "mine" });
  await mkdir(join(room.root, "local/acme"), { recursive: true });
  await symlink(outside, join(room.root, "local/acme/shop"));
  await assert.rejects(room.prepare(room.run()), /Remove the symbolic link|leads to/);
  assert.equal(await readFile(join(outside, "task-15/precious.txt"), "utf8"), "mine");
});

test("removing a run takes its folder, its pin and its repository, but not those of the run after it", async (t) => {
  const room = await openRoom(t);
  const first = room.run();
  const prepared = await room.prepare(first);
  await writeFiles(prepared.folders.checkout, { "x.txt": "x" });
  await room.collect(first, prepared);
  const second = room.run({ id: "run-2" });
  await room.prepare(second);
  await room.workspaces.remove(first);
  assert.ok((await readdir(prepared.workspace.dir)).includes("repo"));
  await room.workspaces.remove(second);
  await room.workspaces.remove(second);
  await room.workspaces.idle();
  assert.deepEqual(await readdir(join(room.root, "local/acme/shop")), []);
  assert.deepEqual(await readdir(join(room.root, ".trash")), []);
  assert.deepEqual(await readdir(join(room.mirrors, "local/acme/shop")), []);
  assert.equal(await git(join(room.mirrors, "local/acme/shop.git"), "for-each-ref", "refs/runs"), "");
});

test("folders an agent locked are deleted all the same", async (t) => {
  const room = await openRoom(t);
  const run = room.run();
  const { folders } = await room.prepare(run);
  await writeFiles(folders.checkout, { "locked/deep/file.txt": "x" });
  await promisify(execFile)("chmod", ["-R", "a-rwx", join(folders.checkout, "locked")]);
  await room.workspaces.remove(run);
  await room.workspaces.idle();
  assert.deepEqual(room.warnings, []);
  assert.deepEqual(await readdir(join(room.root, ".trash")), []);
});
