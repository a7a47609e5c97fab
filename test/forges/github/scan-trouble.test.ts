import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Missed } from "../../../src/forges/forge.ts";
import { scan } from "../../../src/forges/github/scan.ts";
import { clientFor, connect, lookSince } from "./connect.ts";

/** Repositories with an issue each, and a mark from before whatever the test does to them. */
async function begun(t: TestContext, names: readonly string[] = [], timeoutMs = 20_000) {
  const connected = await connect(t, "token", timeoutMs);
  const { world, forge } = connected;
  const { cursor } = await forge.missed(lookSince(null));
  const repos = new Map([["app", connected.name]]);
  for (const name of names)
    repos.set(name, await world.createRepo({ owner: "acme", name, files: { a: "a" } }));
  for (const repo of repos.values()) await world.openIssue(repo, { by: "acme", title: "T", body: "" });
  const say = (name: string) => world.comment(`acme/${name}`, 1, "acme", "/dispatch");
  const asked = (name: string, what = "issues") =>
    world.requests().filter((one) => one === `GET /repos/acme/${name}/${what}`).length;
  return { ...connected, cursor, say, asked };
}

const idsOf = ({ deliveries }: Missed) => deliveries.map(({ id }) => id.replace("scan:comment:", ""));
/** As after a look much later: what happened until now is found by what was noted only. */
const later = (cursor: string) =>
  JSON.stringify({ ...JSON.parse(cursor), since: new Date(Date.now() + 5000).toISOString() });
/** All of the looks until one is through. */
async function through(missed: (cursor: string) => Promise<Missed>, cursor: string): Promise<Missed[]> {
  const looks: Missed[] = [];
  for (let next = cursor; looks.at(-1)?.through !== true; next = looks.at(-1)?.cursor ?? "") {
    looks.push(await missed(next));
    assert.ok(looks.length < 20, "it is through some time");
  }
  return looks;
}

test("an edit between two pages of comments hides none, the edited one included", async (t) => {
  const { world, forge, name, cursor, say } = await begun(t);
  const ids: string[] = [];
  for (let count = 0; count < 150; count++) ids.push(await say("app"));
  world.before(2, /\/issues\/comments$/, async () => {
    for (const id of [ids[50], ids[140]]) await world.editComment(name, id ?? "", "acme", "/dispatch again");
  });
  const found = idsOf(await forge.missed(lookSince(cursor)));
  assert.deepEqual(found, ids);
  assert.deepEqual(world.violations(), []);
});

test("a repository that fails again and again is told of, and stops the looks at no other", async (t) => {
  const { world, forge, cursor, say, asked } = await begun(t, ["aaa"]);
  const [lost, id] = [await say("aaa"), await say("app")];
  const heal = world.fail("GET", /\/acme\/aaa\/issues$/, 502);
  const first = await forge.missed(lookSince(cursor));
  assert.deepEqual([idsOf(first), first.through], [[id], true]);
  assert.match(first.trouble ?? "", /acme\/aaa: GitHub answered 502/);
  const second = await forge.missed(lookSince(later(first.cursor)));
  assert.deepEqual([idsOf(second), asked("app", "issues/comments")], [[], 1], "app is not read again");
  heal();
  const third = await forge.missed(lookSince(later(second.cursor)));
  assert.deepEqual([idsOf(third), third.trouble, asked("aaa")], [[lost], null, 3]);
  assert.doesNotMatch(third.cursor, /aaa/);
});

test("a repository that gives no answer, or asks to wait, stops the looks at no other", async (t) => {
  const { world, forge, cursor, say } = await begun(t, ["aaa", "bbb"], 400);
  const id = await say("app");
  world.hang(/\/acme\/aaa\/issues$/);
  world.fail("GET", /\/acme\/bbb\/issues$/, 503, { headers: { "retry-after": "30" } });
  const { trouble, ...look } = await forge.missed(lookSince(cursor));
  assert.deepEqual([idsOf(look), look.through], [[id], true]);
  assert.match(trouble ?? "", /acme\/aaa: .*could not be reached.*; .*acme\/bbb: GitHub answered 503/);
});

test("after a limit the next look goes on where the last one had to stop", async (t) => {
  const { world, forge, cursor, say, asked } = await begun(t, ["bbb", "ccc"]);
  const [last] = [await say("ccc")];
  const end = world.fail("GET", /\/acme\/bbb\/issues$/, 429, { headers: { "retry-after": "9" } });
  const first = await forge.missed(lookSince(cursor));
  assert.deepEqual([idsOf(first), first.through], [[], false]);
  assert.match(first.trouble ?? "", /bbb: GitHub answered 429/);
  await assert.rejects(forge.missed(lookSince(first.cursor)), { retryAfterMs: 9000 }, "of no use at all");
  end();
  const second = await forge.missed(lookSince(first.cursor));
  assert.deepEqual([idsOf(second), second.through], [[last], true]);
  assert.equal(asked("app"), 1);
});

test("after a look that took too long the next one goes on where it was broken off", async (t) => {
  const { world, forge, cursor, say, asked } = await begun(t, ["bbb"]);
  const [one, other] = [await say("app"), await say("bbb")];
  const stop = new AbortController();
  const end = world.hang(/\/acme\/bbb\/issues$/);
  world.before(1, /\/acme\/bbb\/issues$/, async () => stop.abort());
  const first = await forge.missed({ ...lookSince(cursor), signal: stop.signal });
  assert.deepEqual([idsOf(first), first.through, first.trouble], [[one], false, null]);
  end();
  const second = await forge.missed(lookSince(first.cursor));
  assert.deepEqual([idsOf(second), second.through, asked("app")], [[other], true, 1]);
});

test("a repository with more news than a look may ask for is gone on with by the looks after it", async (t) => {
  const { world, forge, cursor, say } = await begun(t, ["bbb"]);
  const ids: string[] = [];
  for (let count = 0; count < 150; count++) ids.push(await say("app"));
  ids.push(await say("bbb"));
  const missed = scan(clientFor(world), forge.self, 1);
  const found = new Set<string>();
  const looks = await through(async (next) => {
    const look = await missed(lookSince(next, [...found]));
    for (const { id } of look.deliveries) found.add(id);
    return look;
  }, cursor);
  assert.deepEqual(looks.flatMap(idsOf), ids);
  assert.deepEqual([looks.length, looks.every(({ trouble }) => trouble === null)], [3, true]);
});

test("a row of an unknown shape is left out and told of, and hides no other", async (t) => {
  const { world, forge, name, cursor, say } = await begun(t, ["bbb"]);
  const ids = [await say("app"), await say("bbb")];
  for (const list of ["issues", "issues/comments"]) {
    const headers = { authorization: `token ${world.bot.token}` };
    const there = await fetch(`${world.url}/repos/${name}/${list}`, { headers });
    const rows = [{ id: "odd" }, ...((await there.json()) as unknown[])];
    world.answer("GET", new RegExp(`^/repos/${name}/${list}$`), 200, rows);
  }
  const look = await forge.missed(lookSince(cursor));
  assert.deepEqual([idsOf(look), look.through], [ids, true]);
  assert.match(look.trouble ?? "", /issues of acme\/app: left out what could not be read \(number/);
});

test("no list at all is the trouble of its repository", async (t) => {
  const { world, forge, cursor, say } = await begun(t, ["aaa"]);
  const id = await say("app");
  world.answer("GET", /\/aaa\/issues$/, 200, { not: "a list" });
  const look = await forge.missed(lookSince(cursor));
  assert.deepEqual(idsOf(look), [id]);
  assert.match(look.trouble ?? "", /acme\/aaa: GitHub answered with no list/);
});
