import assert from "node:assert/strict";
import { test } from "node:test";
import type { Setting } from "./setting.ts";

export function peopleContract(setting: () => Setting): void {
  let count = 0;
  const person = (options?: { bot?: boolean }) => setting().world.createUser(`person-${++count}`, options);

  test("the bot knows itself", async () => {
    const { forge, world } = setting();
    assert.deepEqual(await forge.self(), { id: world.bot.id, login: world.bot.login });
  });

  test("a forge that can be used is ready, and says as whom", async () => {
    const { forge } = setting();
    const probe = await forge.probe();
    assert.equal(probe.ready, true);
    assert.match(probe.summary, / as /);
  });

  test("a forge that does not know the bot is not ready, and names the fix", async () => {
    const probe = await setting().forgeWith({ badCredentials: true }).probe();
    assert.equal(probe.ready, false);
    assert.ok(probe.fix);
  });

  for (const level of ["write", "admin"] as const) {
    test(`a person granted ${level} may write`, async () => {
      const { forge, world, repo } = setting();
      const place = await repo();
      const one = await person();
      await world.grant(place.name, one.login, level);
      assert.deepEqual((await forge.access(place.ref, one)).level, "write");
    });
  }

  test("a person who may only read, or nothing at all, may not write", async () => {
    const { forge, world, repo } = setting();
    const place = await repo();
    const reader = await person();
    await world.grant(place.name, reader.login, "read");
    assert.equal((await forge.access(place.ref, reader)).level, "read");
    const { level } = await forge.access(place.ref, await person());
    assert.ok(level === "read" || level === "none");
  });

  test("a login that now belongs to another account opens nothing", async () => {
    const { forge, world, repo } = setting();
    const place = await repo();
    const one = await person();
    await world.grant(place.name, one.login, "write");
    const { level, why } = await forge.access(place.ref, { id: one.id + 100_000, login: one.login });
    assert.equal(level, "none");
    assert.ok(why.length > 0);
  });

  test("a bot is told to be one", async () => {
    const { forge, world, repo } = setting();
    const place = await repo();
    const bot = await person({ bot: true });
    await world.grant(place.name, bot.login, "write");
    assert.equal((await forge.access(place.ref, bot)).bot, true);
    assert.equal((await forge.access(place.ref, place.ada)).bot, false);
  });

  test("a team's members are told from others", async () => {
    const { forge, createTeam } = setting();
    const member = await person();
    const other = await person();
    await createTeam("guild", "dispatchers", [member.login]);
    assert.equal(await forge.isTeamMember("guild", "dispatchers", member), true);
    assert.equal(await forge.isTeamMember("guild", "dispatchers", other), false);
    const impostor = { id: other.id, login: member.login };
    assert.equal(await forge.isTeamMember("guild", "dispatchers", impostor), false);
  });
}
