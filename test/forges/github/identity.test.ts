import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, forgeFor } from "./connect.ts";

test("an App knows the account it writes as", async (t) => {
  const { world, forge } = await connect(t);
  assert.deepEqual(await forge.self(), { id: world.bot.id, login: "agent-dispatch[bot]" });
  assert.deepEqual(world.violations(), []);
});

test("with a token, the bot is the token's user", async (t) => {
  const { world, forge } = await connect(t, "token");
  assert.deepEqual(await forge.self(), { id: world.bot.id, login: "dispatch-bot" });
});

test("an App that is installed nowhere is told where to install it", async (t) => {
  const { world, forge } = await connect(t);
  world.answer("GET", /^\/app\/installations$/, 200, []);
  await assert.rejects(
    forge.self(),
    /not installed anywhere; install it at http\S+\/apps\/agent-dispatch\/installations\/new/,
  );
});

test("the probe says who the bot is and that all is well", async (t) => {
  const { world, forge } = await connect(t);
  const host = new URL(world.url).host;
  assert.deepEqual(await forge.probe(), { ready: true, summary: `${host} as App agent-dispatch`, fix: null });
});

test("the probe names the permissions and events an App lacks", async (t) => {
  const { world, forge } = await connect(t);
  const app = {
    id: 1,
    slug: "x",
    name: "x",
    html_url: "",
    permissions: { issues: "read" },
    events: ["issues"],
  };
  world.answer("GET", /^\/app$/, 200, app);
  const probe = await forge.probe();
  assert.equal(probe.ready, false);
  assert.match(probe.fix ?? "", /issues: write, pull_requests: write, contents: write, checks: write/);
  assert.match(probe.fix ?? "", /the event issue_comment, the event pull_request/);
});

test("the probe tells a bad key or token, without showing it", async (t) => {
  const { world } = await connect(t, "token");
  world.fail("GET", /^\/user$/, 401);
  const probe = await forgeFor(world).probe();
  assert.equal(probe.ready, false);
  assert.match(probe.fix ?? "", /the token is wrong, expired or revoked: make a new one/);
  assert.ok(!JSON.stringify(probe).includes(world.bot.token));
});
