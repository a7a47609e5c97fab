import assert from "node:assert/strict";
import { test } from "node:test";
import { Refusal } from "../../src/model/errors.ts";
import { git } from "./remote.ts";
import { openRoom, pullRequest } from "./room.ts";

test("a named branch that is on the remote is the base", async (t) => {
  const room = await openRoom(t);
  const sha = await room.remote.commit({ "dev.txt": "dev" }, "on develop", "develop");
  const { workspace } = await room.prepare(room.run({ request: { branch: "develop" } }));
  assert.equal(workspace.base, "develop");
  assert.equal(workspace.baseSha, sha);
  assert.match(workspace.dir, /task-15-develop$/);
});

test("a named tag, annotated or not, is the start, and the default branch the base", async (t) => {
  const room = await openRoom(t);
  const sha = await room.remote.person("rev-parse", "HEAD");
  await room.remote.person("tag", "-a", "-m", "one", "v1");
  await room.remote.person("push", "-q", "origin", "v1");
  await room.remote.commit({ "after.txt": "after" }, "after the tag");
  const { workspace, folders } = await room.prepare(room.run({ request: { tag: "v1" } }));
  assert.deepEqual([workspace.base, workspace.baseSha], ["main", sha]);
  assert.equal(await git(folders.checkout, "rev-parse", "HEAD"), sha);
});

test("a branch or tag that is not there, or both, is refused with what to do", async (t) => {
  const room = await openRoom(t);
  const refused = (request: { branch?: string; tag?: string }, message: RegExp) =>
    assert.rejects(room.prepare(room.run({ request })), (error) => {
      assert.ok(error instanceof Refusal);
      assert.match(error.message, message);
      assert.ok(error.fix);
      return true;
    });
  await refused({ branch: "nope" }, /acme\/shop has no branch "nope"/);
  await refused({ branch: "--upload-pack=touch x" }, /has no branch "--upload-pack=touch x"/);
  await refused({ tag: "v9" }, /has no tag "v9"/);
  await refused({ branch: "main", tag: "v9" }, /both a branch and a tag/);
});

test("an empty repository, and a default branch that does not exist, are refused with the fix", async (t) => {
  const empty = await openRoom(t, { empty: true });
  await assert.rejects(empty.prepare(empty.run()), {
    message: /acme\/shop is empty/,
    fix: /Push a first commit/,
  });
  await empty.remote.commit({ "a.txt": "a" }, "first", "trunk");
  await assert.rejects(empty.prepare(empty.run()), {
    message: /default branch "main" of acme\/shop does not exist/,
    fix: /repository's settings/,
  });
});

test("the branch is numbered when the remote has one of that name", async (t) => {
  const room = await openRoom(t);
  await room.remote.person("push", "-q", "origin", "HEAD:refs/heads/agent/fix-the-price-of-tea-15");
  const { workspace } = await room.prepare(room.run());
  assert.equal(workspace.branch, "agent/fix-the-price-of-tea-15-2");
});

test("on a pull request of the repository itself, the work goes to its branch", async (t) => {
  const room = await openRoom(t);
  const sha = await room.remote.commit({ "pull.txt": "p" }, "in the pull request", "topic");
  const run = room.run({ issue: { number: 7, isPull: true } });
  const prepared = await room.prepare(run, { pull: pullRequest({ headBranch: "topic" }) });
  const { dir, ...workspace } = prepared.workspace;
  assert.deepEqual(workspace, { branch: "topic", base: null, baseSha: sha, pull: 7 });
  assert.equal(
    prepared.reviewFrom,
    await room.remote.bare("rev-parse", "main"),
    "a review compares with its base",
  );
  assert.match(dir, /pr-7$/);
  assert.equal(await git(prepared.folders.checkout, "rev-parse", "--abbrev-ref", "HEAD"), "topic");
});

test("on a pull request from a fork, its commits are the start and the work goes to the bot's branch", async (t) => {
  for (const spares of [false, true]) {
    const room = await openRoom(t, { spares });
    await room.remote.commit({ "AGENTS.md": "Be kind." }, "instructions");
    await room.prepare(room.run({ id: "warm", issue: { number: 1 } }));
    await room.workspaces.idle();
    await room.remote.person("checkout", "-q", "-b", "fork");
    await room.remote.person("commit", "-q", "--allow-empty", "-m", "from the fork");
    await room.remote.person("rm", "-q", "AGENTS.md");
    await room.remote.person("commit", "-q", "-m", "no more instructions");
    await room.remote.person("push", "-q", "origin", "HEAD:refs/pull/7/head");
    const sha = await room.remote.person("rev-parse", "HEAD");
    const headRepo = { forge: "local", owner: "stranger", name: "shop" };
    const prepared = await room.prepare(room.run({ issue: { number: 7, isPull: true, title: "Theirs" } }), {
      pull: pullRequest({ headBranch: "main", headRepo }),
    });
    const { dir, ...workspace } = prepared.workspace;
    assert.deepEqual(workspace, { branch: "agent/theirs-7", base: "main", baseSha: sha, pull: null });
    assert.match(dir, /pr-7$/);
    assert.equal(await git(prepared.folders.checkout, "rev-parse", "HEAD"), sha);
    // A stranger's branch does not instruct the agent; the branch it is to be merged into does.
    assert.deepEqual(prepared.instructions, [{ path: "AGENTS.md", text: "Be kind." }]);
  }
});

test("a pull request whose branch is gone, or a base named on one, is refused", async (t) => {
  const room = await openRoom(t);
  const run = room.run({ issue: { number: 7, isPull: true } });
  const gone = room.prepare(run, { pull: pullRequest({ headBranch: "gone" }) });
  await assert.rejects(gone, {
    message: /the branch gone of pull request #7 is gone/,
    fix: /Restore the branch/,
  });
  const named = room.run({ issue: { number: 7, isPull: true }, request: { branch: "main" } });
  const based = room.prepare(named, { pull: pullRequest({ headBranch: "main" }) });
  await assert.rejects(based, { fix: /Leave out the branch/ });
});
