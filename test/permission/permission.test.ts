import assert from "node:assert/strict";
import { test } from "node:test";
import type { PermissionConfig } from "../../src/config/config.ts";
import type { Access } from "../../src/forges/forge.ts";
import { ForgeError } from "../../src/model/errors.ts";
import { createPermissions, type Decision, type PermissionRequest } from "../../src/permission/permission.ts";
import { FakeForge } from "../fakes/forge.ts";

const OPEN: PermissionConfig = {
  users: [],
  teams: [],
  bots: [],
  repositories: [],
  trustedWriters: [],
  strangersComments: "leave_out",
};
const repo = { forge: "codeberg", owner: "Acme", name: "shop" };
const alice = { id: 2, login: "alice", bot: false };

function access(level: Access["level"], bot = false): Access {
  return { level, bot, why: "the bot's account is no admin of the repository" };
}

function openGate(config: Partial<PermissionConfig> = {}, level: Access["level"] = "write") {
  const forge = new FakeForge("codeberg");
  forge.levels.set(alice.id, access(level));
  const clock = { ms: 1_000_000 };
  const gate = createPermissions({ config: { ...OPEN, ...config }, now: () => clock.ms });
  const ask = (more: Partial<PermissionRequest> = {}) =>
    gate.decide({ forge, repo, actor: alice, self: forge.bot, repositoryUsers: null, ...more });
  return { forge, clock, ask };
}

function reasonOf(decision: Decision): string {
  assert.ok(!decision.allowed && decision.answer, JSON.stringify(decision));
  return decision.reason;
}

test("whoever may write to the repository may command", async () => {
  assert.deepEqual(await openGate().ask(), { allowed: true });
});

test("whoever may only read, or nothing, is told no in one neutral sentence without a hint", async () => {
  const reasons = [reasonOf(await openGate({}, "read").ask()), reasonOf(await openGate({}, "none").ask())];
  const narrowed = await openGate({ users: ["root-admin"], teams: ["acme/secret-team"] }).ask();
  assert.deepEqual(new Set([...reasons, reasonOf(narrowed)]).size, 1);
  assert.doesNotMatch(reasons[0] ?? "", /write|admin|team|\.\s/);
});

test("who commands is asked of the forge by id, whatever the login says", async () => {
  const { ask } = openGate({ users: ["alice"] });
  assert.equal((await ask({ actor: { id: 3, login: "alice", bot: false } })).allowed, false);
});

test("the bot itself is ignored without a word, even when it may write", async () => {
  const { forge, ask } = openGate({ bots: ["dispatch-bot"] });
  forge.levels.set(forge.bot.id, access("write"));
  const decision = await ask({ actor: { ...forge.bot, bot: true } });
  assert.ok(!decision.allowed && !decision.answer);
  assert.deepEqual(forge.calls, []);
});

test("bots are refused unless listed, also where only the forge knows that they are", async () => {
  const bot = { ...alice, bot: true };
  assert.match(reasonOf(await openGate().ask({ actor: bot })), /Bots may not/);
  assert.equal((await openGate({ bots: ["Alice"] }).ask({ actor: bot })).allowed, true);
  const hidden = openGate();
  hidden.forge.levels.set(alice.id, access("write", true));
  assert.match(reasonOf(await hidden.ask()), /Bots may not/);
});

test("a listed bot must be able to write as well", async () => {
  const { ask } = openGate({ bots: ["alice"] }, "read");
  assert.equal((await ask({ actor: { ...alice, bot: true } })).allowed, false);
});

test("repositories outside the list are met with silence and cost no question to the forge", async () => {
  for (const [repositories, allowed] of [
    [["acme/shop"], true],
    [["ACME/*"], true],
    [["acme/shop2", "other/*"], false],
    [["acme"], false],
    [["acm/*"], false],
  ] as const) {
    const { forge, ask } = openGate({ repositories });
    const decision = await ask();
    assert.equal(decision.allowed, allowed, repositories.join());
    if (!decision.allowed) assert.equal(decision.answer, false);
    if (!decision.allowed) assert.deepEqual(forge.calls, []);
  }
});

test("where the forge will not tell, only trusted writers may, and an admin learns what to do", async () => {
  const reason = reasonOf(await openGate({ trustedWriters: ["bob"] }, "unknown").ask());
  assert.match(reason, /no admin of the repository.*`permission\.trusted_writers`/);
  assert.doesNotMatch(reason, /bob/);
  assert.equal((await openGate({ trustedWriters: ["ALICE"] }, "unknown").ask()).allowed, true);
});

test("a trusted writer whom the forge knows as a reader stays a reader", async () => {
  assert.equal((await openGate({ trustedWriters: ["alice"] }, "read").ask()).allowed, false);
});

test("users and teams narrow, and one of them is enough", async () => {
  assert.equal((await openGate({ users: ["bob"] }).ask()).allowed, false);
  assert.equal((await openGate({ users: ["Alice"] }).ask()).allowed, true);
  assert.equal((await openGate({ users: ["alice"] }, "read").ask()).allowed, false);
  const team = openGate({ users: ["bob"], teams: ["acme/a", "acme/b"] });
  assert.equal((await team.ask()).allowed, false);
  team.forge.teams.set("acme/b", [alice.id]);
  assert.equal((await team.ask()).allowed, true);
});

test("a repository's own list narrows further; an empty one leaves nobody", async () => {
  assert.equal((await openGate().ask({ repositoryUsers: ["alice"] })).allowed, true);
  assert.equal((await openGate().ask({ repositoryUsers: ["bob"] })).allowed, false);
  assert.equal((await openGate().ask({ repositoryUsers: [] })).allowed, false);
  assert.equal((await openGate({ users: ["bob"] }).ask({ repositoryUsers: ["alice"] })).allowed, false);
});

test("a forge that is down is no answer: the question is asked again later", async () => {
  const { forge, ask } = openGate({ teams: ["acme/a"] });
  forge.fail("access", new ForgeError("asking: 502", 502, true));
  await assert.rejects(ask(), ForgeError);
  forge.fail("isTeamMember", new ForgeError("asking: 502", 502, true));
  await assert.rejects(ask(), ForgeError);
});

test("a forge that does not tell a team's members leaves it at no, and says what an admin can do", async () => {
  const { forge, ask } = openGate({ teams: ["acme/a", "acme/b"] });
  forge.fail("isTeamMember", new ForgeError("asking: 403", 403, false));
  assert.match(reasonOf(await ask()), /read the organization's members/);
  forge.teams.set("acme/b", [alice.id]);
  forge.fail("isTeamMember", new ForgeError("asking: 403", 403, false));
  assert.equal((await ask()).allowed, true);
});

test("a yes is kept for 30 seconds, a no never", async () => {
  const { forge, clock, ask } = openGate();
  await ask();
  clock.ms += 29_999;
  forge.levels.set(alice.id, access("none"));
  assert.equal((await ask()).allowed, true);
  assert.equal((await ask({ repositoryUsers: [] })).allowed, false);
  clock.ms += 1;
  for (let again = 0; again < 3; again += 1) assert.equal((await ask()).allowed, false);
  forge.levels.set(alice.id, access("write"));
  assert.equal((await ask()).allowed, true);
});

test("a yes counts for its person and its repository alone", async () => {
  const { forge, ask } = openGate();
  await ask();
  forge.levels.delete(alice.id);
  assert.equal((await ask({ repo: { ...repo, name: "other" } })).allowed, false);
  assert.equal((await ask({ repo: { ...repo, forge: "github" } })).allowed, false);
  assert.equal((await ask({ actor: { ...alice, id: 5 } })).allowed, false);
});
