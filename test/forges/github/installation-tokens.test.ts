/** What the App may do is taken from it, and given back. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ours } from "../../fakes/forge.ts";
import { connect, forgeFor } from "./connect.ts";

/** As if the tokens that were got so far were a minute old: one that is new is given a few seconds to be known. */
function pass(t: TestContext): void {
  t.mock.timers.tick(60_000);
}

async function connected(t: TestContext) {
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  return await connect(t);
}

test("an App that was uninstalled says where to install it, and works again at once when it is", async (t) => {
  const { world, forge, repo, name } = await connected(t);
  const issue = await world.openIssue(name, { by: "alice", title: "T", body: "" });
  await forge.comment(repo, issue, "before", ours);
  world.uninstall("acme");
  pass(t);
  await assert.rejects(forge.comment(repo, issue, "lost", ours), {
    name: "ForgeError",
    status: 404,
    retryable: false,
    message:
      /finding the App's installation: GitHub answered 404: .*; check its name, or install the App on it$/,
  });
  world.install("acme");
  await forge.comment(repo, issue, "after", ours);
  assert.deepEqual(
    (await world.comments(name, issue)).map(({ body }) => body),
    ["before", "after"],
  );
});

test("an App that was installed anew in between is found by its new installation, in the same request", async (t) => {
  const { world, forge, repo, name } = await connected(t);
  const issue = await world.openIssue(name, { by: "alice", title: "T", body: "" });
  await forge.comment(repo, issue, "before", ours);
  const { password } = await forge.gitCredential(repo);
  world.uninstall("acme");
  world.install("acme");
  pass(t);
  await forge.comment(repo, issue, "after", ours);
  assert.equal((await world.comments(name, issue)).length, 2);
  assert.notEqual((await forge.gitCredential(repo)).password, password, "git's token is of the new one too");
});

test("a token that GitHub took back is asked for anew, once", async (t) => {
  const { world, forge, repo } = await connected(t);
  await forge.repository(repo);
  const path = /^\/repos\/acme\/app$/;
  pass(t);
  const before = world.requests().length;
  world.failWith("Bad credentials", "GET", path, 401, { times: 1 });
  await forge.repository(repo);
  const minted = world.requests().slice(before);
  assert.equal(minted.filter((one) => one.endsWith("/access_tokens")).length, 1);
  await forge.repository(repo);
  assert.equal(
    world
      .requests()
      .slice(before)
      .filter((one) => one.endsWith("/access_tokens")).length,
    1,
  );
});

test("a suspended App is told to be unsuspended, and works again when it is", async (t) => {
  const { world, forge, repo } = await connected(t);
  await forge.repository(repo);
  world.suspend("acme");
  const refused = {
    name: "ForgeError",
    status: 403,
    retryable: false,
    message: /suspended; unsuspend the App/,
  };
  await assert.rejects(forge.repository(repo), refused);
  await assert.rejects(forgeFor(world).repository(repo), refused);
  await assert.rejects(forge.gitCredential(repo), refused);
  world.unsuspend("acme");
  await forge.repository(repo);
});

test("the probe says that the App is suspended, and by whom", async (t) => {
  const { world, forge } = await connected(t);
  world.suspend("acme");
  const some = await forge.probe();
  assert.deepEqual(
    [some.ready, /^the App is suspended by acme: unsuspend/.test(some.fix ?? "")],
    [true, true],
  );
  world.suspend(null);
  const all = await forge.probe();
  assert.deepEqual([all.ready, /unsuspend the App's installation/.test(all.fix ?? "")], [false, true]);
});

test("the probe says that the App's key was revoked, and so does whatever is asked then", async (t) => {
  const { world, forge, repo } = await connected(t);
  world.revoke();
  const probe = await forge.probe();
  assert.equal(probe.ready, false);
  assert.match(probe.fix ?? "", /check the App's id and private key; make a new key when it was revoked/);
  await assert.rejects(forge.repository(repo), { status: 401, retryable: false, message: /make a new key/ });
});

test("the probe says that the App was deleted", async (t) => {
  const { world, forge } = await connected(t);
  world.failWith("Integration not found", "GET", /^\/app$/, 404);
  const probe = await forge.probe();
  assert.equal(probe.ready, false);
  assert.match(probe.fix ?? "", /a new App when it was deleted/);
});

test("a token that was revoked is told to be made anew, by the probe too", async (t) => {
  const { world, forge, repo } = await connect(t, "token");
  assert.equal((await forge.probe()).ready, true);
  world.revoke();
  const probe = await forge.probe();
  assert.equal(probe.ready, false);
  assert.match(probe.fix ?? "", /the token is wrong, expired or revoked: make a new one/);
  await assert.rejects(forge.repository(repo), { status: 401, retryable: false, message: /make a new one/ });
});
