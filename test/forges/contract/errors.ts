import assert from "node:assert/strict";
import { test } from "node:test";
import { ForgeError } from "../../../src/model/errors.ts";
import { ours } from "../../fakes/forge.ts";
import type { Setting } from "./setting.ts";

export function errorContract(setting: () => Setting): void {
  async function failure(doing: Promise<unknown>): Promise<ForgeError> {
    const error = await doing.then(
      () => null,
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof ForgeError, `a ForgeError, not ${String(error)}`);
    assert.ok(!error.message.includes(setting().world.bot.token), "no token in the message");
    assert.match(error.message, /^[a-z].*:/, "the message begins with what was done");
    return error;
  }

  test("credentials that the forge does not know end in an error that is not tried again", async () => {
    const { forgeWith, repo } = setting();
    const place = await repo();
    const error = await failure(forgeWith({ badCredentials: true }).repository(place.ref));
    assert.deepEqual([error.status, error.retryable], [401, false]);
  });

  test("what is not there ends in an error that is not tried again", async () => {
    const { forge, repo } = setting();
    const place = await repo();
    const error = await failure(forge.comment(place.ref, 4711, "hello", ours));
    assert.deepEqual([error.status, error.retryable], [404, false]);
  });

  test("too many requests are tried again when the forge says", async () => {
    const { forge, world, repo } = setting();
    const place = await repo();
    const issue = await world.openIssue(place.name, { by: "ada", title: "Limit", body: "" });
    const path = new RegExp(`/${place.ref.name}/issues/${issue}/comments`);
    const end = world.fail("POST", path, 429, { headers: { "retry-after": "7" } });
    const error = await failure(forge.comment(place.ref, issue, "hello", ours));
    end();
    assert.deepEqual([error.status, error.retryable, error.retryAfterMs], [429, true, 7000]);
    await forge.comment(place.ref, issue, "hello", ours);
    assert.equal((await world.comments(place.name, issue)).length, 1);
  });

  test("a forge in trouble is tried again, and was asked only once", async () => {
    const { forge, world, repo } = setting();
    const place = await repo();
    const issue = await world.openIssue(place.name, { by: "ada", title: "Trouble", body: "" });
    const path = new RegExp(`/${place.ref.name}/issues/${issue}/comments`);
    world.fail("POST", path, 503, { times: 1 });
    const error = await failure(forge.comment(place.ref, issue, "hello", ours));
    assert.deepEqual([error.status, error.retryable], [503, true]);
    assert.deepEqual(await world.comments(place.name, issue), []);
  });

  test("a forge that does not answer is given up in time, and tried again", async () => {
    const { forgeWith, world, repo } = setting();
    const place = await repo();
    const end = world.hang(new RegExp(`/${place.ref.name}/issues/1/comments`));
    const impatient = forgeWith({ timeoutMs: 200 });
    const error = await failure(impatient.comments(place.ref, 1));
    end();
    assert.deepEqual([error.status, error.retryable], [0, true]);
  });
}
