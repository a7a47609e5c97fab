import assert from "node:assert/strict";
import { test } from "node:test";
import { ours } from "../../fakes/forge.ts";
import { connect } from "./connect.ts";

const issue = { by: "alice", title: "Fix it", body: "Please" };

test("a comment is written, edited and read back", async (t) => {
  const { world, forge, repo, name } = await connect(t);
  const number = await world.openIssue(name, issue);
  await world.comment(name, number, "alice", "/dispatch");
  const id = await forge.comment(repo, number, "queued", ours);
  await forge.editComment(repo, id, "running", ours);
  const all = await forge.comments(repo, number);
  assert.deepEqual(
    all.map((one) => [one.author.login, one.body]),
    [
      ["alice", "/dispatch"],
      [world.bot.login, "running"],
    ],
  );
  assert.equal(all[1]?.id, id);
  assert.ok((all[1]?.updatedAt ?? 0) >= (all[1]?.createdAt ?? 1));
  assert.equal((await world.comments(name, number))[1]?.edits, 1);
  assert.deepEqual(world.violations(), []);
});

test("all comments are read, beyond GitHub's page of a hundred", async (t) => {
  const { world, forge, repo, name } = await connect(t);
  const number = await world.openIssue(name, issue);
  for (let i = 0; i < 101; i++) await world.comment(name, number, "alice", `${i}`);
  const bodies = (await forge.comments(repo, number)).map((one) => one.body);
  assert.deepEqual(
    bodies,
    Array.from({ length: 101 }, (_, i) => `${i}`),
  );
});

test("a comment of a lost account is nobody's, and one without text is empty", async (t) => {
  const { world, forge, repo } = await connect(t);
  const time = "2026-11-01T10:00:00Z";
  const lost = { id: 1, user: null, created_at: time, updated_at: time, html_url: "u" };
  world.answer("GET", /\/issues\/1\/comments$/, 200, [lost]);
  const [comment] = await forge.comments(repo, 1);
  assert.deepEqual([comment?.author, comment?.body], [{ id: 0, login: "ghost" }, ""]);
});

test("a reaction is left once, on a comment or on the issue itself", async (t) => {
  const { world, forge, repo, name } = await connect(t);
  const number = await world.openIssue(name, issue);
  const comment = await world.comment(name, number, "alice", "/dispatch");
  for (let i = 0; i < 2; i++) {
    await forge.react(repo, number, comment, "eyes");
    await forge.react(repo, number, null, "rocket");
  }
  assert.deepEqual(await world.reactions(name, comment, number), [{ by: world.bot.login, content: "eyes" }]);
  assert.deepEqual(await world.reactions(name, null, number), [{ by: world.bot.login, content: "rocket" }]);
  assert.deepEqual(world.violations(), []);
});

test("a label comes off, also one with odd characters, and one that is off already is fine", async (t) => {
  const { world, forge, repo, name } = await connect(t);
  const labels = ["bug", "dispatch:codex", "dispatch/claude", "ü & ?"];
  const number = await world.openIssue(name, { ...issue, labels });
  for (const label of labels.slice(1)) {
    await forge.removeLabel(repo, number, label, ours);
    await forge.removeLabel(repo, number, label, ours);
  }
  assert.deepEqual(await world.labels(name, number), ["bug"]);
  assert.deepEqual(world.violations(), []);
});

test("a label on an issue that does not exist is an error", async (t) => {
  const { forge, repo } = await connect(t);
  await assert.rejects(forge.removeLabel(repo, 404, "bug", ours), { name: "ForgeError", status: 404 });
});
