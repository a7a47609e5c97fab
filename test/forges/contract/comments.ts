import assert from "node:assert/strict";
import { test } from "node:test";
import { ours } from "../../fakes/forge.ts";
import type { Place, Setting } from "./setting.ts";

export function commentContract(setting: () => Setting): void {
  async function issue(): Promise<Place & { number: number }> {
    const place = await setting().repo();
    const text = { by: "ada", title: "Comments", body: "" };
    return { ...place, number: await setting().world.openIssue(place.name, text) };
  }

  test("a comment appears under the bot's name, and its id serves to edit it", async () => {
    const { forge, world } = setting();
    const { name, ref, number } = await issue();
    const id = await forge.comment(ref, number, "first", ours);
    await forge.editComment(ref, id, "second", ours);
    const [only, ...more] = await world.comments(name, number);
    assert.deepEqual(more, []);
    assert.equal(only?.id, id);
    assert.equal(only.body, "second");
    assert.equal(only.by, world.bot.login);
  });

  test("all comments are read, oldest first, also when they are many", async () => {
    const { forge, world } = setting();
    const { name, ref, number, ada } = await issue();
    const bodies = Array.from({ length: 120 }, (_, at) => `comment ${at}`);
    for (const body of bodies) await world.comment(name, number, "ada", body);
    const comments = await forge.comments(ref, number);
    assert.deepEqual(
      comments.map((one) => one.body),
      bodies,
    );
    assert.deepEqual(comments[0]?.author, { id: ada.id, login: "ada" });
    assert.equal(comments[0]?.createdAt, comments[0]?.updatedAt);
    assert.match(comments[0]?.url ?? "", /^http/);
  });

  test("a reaction on a comment stands once, however often it is given", async () => {
    const { forge, world } = setting();
    const { name, ref, number } = await issue();
    const id = await world.comment(name, number, "ada", "/dispatch");
    await forge.react(ref, number, id, "eyes");
    await forge.react(ref, number, id, "eyes");
    const given = { by: world.bot.login, content: "eyes" };
    assert.deepEqual(await world.reactions(name, id, number), [given]);
  });

  test("a reaction can be given to the issue itself", async () => {
    const { forge, world } = setting();
    const { name, ref, number } = await issue();
    await forge.react(ref, number, null, "rocket");
    await forge.react(ref, number, null, "rocket");
    assert.deepEqual(await world.reactions(name, null, number), [{ by: world.bot.login, content: "rocket" }]);
  });

  test("a label is taken off by name, leaves the others, and may be gone already", async () => {
    const { forge, world } = setting();
    const { name, ref, number } = await issue();
    await world.addLabel(name, number, "ada", "bug");
    await world.addLabel(name, number, "ada", "dispatch:codex:gpt-5/mini");
    await forge.removeLabel(ref, number, "dispatch:codex:gpt-5/mini", ours);
    assert.deepEqual(await world.labels(name, number), ["bug"]);
    await forge.removeLabel(ref, number, "dispatch:codex:gpt-5/mini", ours);
    assert.deepEqual(await world.labels(name, number), ["bug"]);
  });
}
