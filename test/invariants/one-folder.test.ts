/** One data folder, one server: also when the first ends without a word, and with roles that share a setting. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { startLocalForgeWorld } from "../fakes/local-forge-world.ts";
import { makePlace, startServer } from "./server.ts";

async function prepared(t: TestContext) {
  const world = await startLocalForgeWorld();
  const place = await makePlace();
  t.after(async () => {
    await world.close();
    await place.remove();
  });
  const { url } = world;
  const env = { FORGEJO_URL: url, FORGEJO_TOKEN: world.bot.token, FORGEJO_WEBHOOK_SECRET: "s".repeat(32) };
  return { place, env };
}

test("a second server on a data folder is refused by name of the first, and takes it once that was killed", async (t) => {
  const { place, env } = await prepared(t);
  const first = await startServer(place, env);
  t.after(() => first.end("SIGKILL"));
  await assert.rejects(startServer(place, env), (error: Error) => {
    assert.match(error.message, new RegExp(`in use by process ${first.process.pid}`));
    assert.doesNotMatch(error.message, /at .*\.ts:\d/);
    return true;
  });
  const worker = await readFile(join(place.data, "worker"), "utf8");
  await first.end("SIGKILL");
  const second = await startServer(place, env);
  t.after(() => second.end("SIGTERM"));
  assert.equal(await readFile(join(place.data, "worker"), "utf8"), worker);
});

test("a server that was told to stop leaves its folder free", async (t) => {
  const { place, env } = await prepared(t);
  const first = await startServer(place, env);
  await first.end("SIGTERM");
  assert.equal(first.process.exitCode, 0);
  const second = await startServer(place, env);
  await second.end("SIGTERM");
});

test("a role that needs PostgreSQL is refused without one, with the fix", async (t) => {
  const { place, env } = await prepared(t);
  await assert.rejects(startServer(place, { ...env, ROLE: "worker" }), /DATABASE_URL/);
});
