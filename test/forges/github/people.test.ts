import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "./connect.ts";

test("who may write is asked by id, so a new login keeps its rights", async (t) => {
  const { world, forge, repo } = await connect(t);
  const alice = await world.createUser("alice");
  world.rename("alice", "alicia");
  await world.grant("acme/app", "alicia", "write");
  assert.equal((await forge.access(repo, alice)).level, "write");
});

test("whoever takes an abandoned login does not get its rights", async (t) => {
  const { world, forge, repo } = await connect(t);
  world.rename("alice", "alice-old");
  const impostor = await world.createUser("alice-new");
  world.rename("alice-new", "alice");
  assert.equal(
    (await forge.access(repo, { id: (await world.createUser("alice-old")).id, login: "alice" })).level,
    "read",
  );
  assert.equal(
    (await forge.access(repo, impostor)).level,
    "write",
    "the grant went with the login, as GitHub says",
  );
});

test("a permission told of another id than asked for counts as none", async (t) => {
  const { world, forge, repo } = await connect(t);
  const alice = await world.createUser("alice");
  const moved = { permission: "admin", role_name: "admin", user: { id: 9999, login: "alice", type: "User" } };
  const end = world.answer("GET", /\/permission$/, 200, moved);
  const access = await forge.access(repo, alice);
  end();
  assert.equal(access.level, "none");
  assert.match(access.why, /changed hands/);
});

test("admins and maintainers may write; readers and triagers may only read", async (t) => {
  const { world, forge, repo } = await connect(t);
  const alice = await world.createUser("alice");
  const levels = {
    admin: "write",
    maintain: "write",
    write: "write",
    triage: "read",
    read: "read",
    none: "none",
  };
  for (const [permission, level] of Object.entries(levels)) {
    const told = { permission, role_name: permission, user: { id: alice.id, login: "alice", type: "User" } };
    const end = world.answer("GET", /\/permission$/, 200, told);
    assert.equal((await forge.access(repo, alice)).level, level, permission);
    end();
  }
});

test("an account that is gone, and one GitHub tells nothing of, may do nothing", async (t) => {
  const { world, forge, repo } = await connect(t);
  assert.equal((await forge.access(repo, { id: 424242, login: "nobody" })).level, "none");
  const alice = await world.createUser("alice");
  const end = world.fail("GET", /\/permission$/, 404);
  assert.equal((await forge.access(repo, alice)).level, "none");
  end();
});

test("where the bot may not ask, it says so; a limit is no such no", async (t) => {
  const { world, forge, repo } = await connect(t);
  const alice = await world.createUser("alice");
  const end = world.fail("GET", /\/permission$/, 403);
  const access = await forge.access(repo, alice);
  end();
  assert.equal(access.level, "unknown");
  assert.match(access.why, /the bot may not/);
  world.fail("GET", /\/permission$/, 403, { headers: { "retry-after": "3" } });
  await assert.rejects(forge.access(repo, alice), { name: "ForgeError", retryable: true });
});

test("bots are told as bots whatever they may do", async (t) => {
  const { world, forge, repo } = await connect(t);
  const bot = await world.createUser("renovate[bot]", { bot: true });
  assert.deepEqual(await forge.access(repo, bot), {
    level: "none",
    bot: true,
    why: "no collaborator of the repository",
  });
});

test("team members are known by id, and nobody else is one", async (t) => {
  const { world, forge } = await connect(t);
  const alice = await world.createUser("alice");
  const bob = await world.createUser("bob");
  await world.createTeam("acme", "core", ["alice"]);
  assert.equal(await forge.isTeamMember("acme", "core", alice), true);
  assert.equal(await forge.isTeamMember("acme", "core", bob), false);
  assert.equal(await forge.isTeamMember("acme", "other", alice), false);
  assert.equal(await forge.isTeamMember("acme", "core", { id: 424242, login: "alice" }), false);
  assert.deepEqual(world.violations(), []);
});
