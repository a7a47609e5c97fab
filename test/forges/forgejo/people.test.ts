import assert from "node:assert/strict";
import { test } from "node:test";
import { openForgejo } from "./world.ts";

test("a bot that is no administrator of the repository says that it cannot know, and what to do", async (t) => {
  const { world, forge, name, ref } = await openForgejo(t, { botAdmin: false });
  const writer = await world.createUser("writer");
  await world.grant(name, "writer", "write");
  const access = await forge.access(ref, writer);
  assert.equal(access.level, "unknown");
  assert.match(access.why, /a collaborator.*make the bot's account an administrator of acme\/app/);
  const { level, why } = await forge.access(ref, await world.createUser("stranger"));
  assert.equal(level, "unknown");
  assert.match(why, /no direct collaborator/);
});

test("the repository's owner may write, also when the bot may not ask", async (t) => {
  const { world, forge, ref } = await openForgejo(t, { botAdmin: false });
  const { by } = world.local.issue("acme/app", 1);
  assert.equal((await forge.access(ref, by)).level, "write");
});

test("a renamed account keeps its rights, and whoever takes its old name gets none", async (t) => {
  const { world, local, forge, name, ref } = await openForgejo(t);
  const { id } = await world.createUser("before");
  await world.grant(name, "before", "write");
  local.renameUser("before", "after");
  assert.equal((await forge.access(ref, { id, login: "before" })).level, "write");
  const thief = await world.createUser("before");
  assert.notEqual((await forge.access(ref, thief)).level, "write");
  assert.equal((await forge.access(ref, { id, login: "before" })).level, "write");
});

test("a team that is not there is an error that names the fix, not a no", async (t) => {
  const { world, local, forge } = await openForgejo(t);
  const ada = await world.createUser("ada");
  local.createTeam("guild", "dispatchers", []);
  await assert.rejects(forge.isTeamMember("guild", "dispatch", ada), /no such team; name an existing one/);
});

test("who the bot is gets asked again after a failure, and only once after that", async (t) => {
  const { world, forge } = await openForgejo(t);
  world.fail("GET", /^\/user$/, 503, { times: 1 });
  await assert.rejects(forge.self(), /answered 503/);
  assert.equal((await forge.self()).login, "dispatch-bot");
  world.fail("GET", /^\/user$/, 503);
  assert.equal((await forge.self()).login, "dispatch-bot");
});

test("a probe asks each time, whatever is known of the bot", async (t) => {
  const { world, forge } = await openForgejo(t);
  assert.equal((await forge.probe()).ready, true);
  const restore = world.fail("GET", /^\/user$/, 401);
  const { ready, summary } = await forge.probe();
  assert.equal(ready, false);
  assert.match(summary, /answered 401.*make a new one/);
  restore();
  assert.equal((await forge.probe()).ready, true);
});
