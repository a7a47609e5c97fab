import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../../../src/forges/forgejo/parse.ts";
import { HOUR, LABEL, openLooks, requests } from "./looks.ts";

test("the forge's own clock decides what is new, and the end of the last look is looked at again", async (t) => {
  const { local, repo, issue, look, later, cursor } = await openLooks(t);
  local.comment(repo, issue, "ada", "one");
  const first = await look(cursor);
  assert.equal(first.deliveries.length, 1);
  later(60_000);
  assert.equal((await look(first.cursor)).deliveries.length, 1);
  later(HOUR);
  const { cursor: moved } = await look(first.cursor);
  assert.deepEqual((await look(moved)).deliveries, []);
});

test("what was found before is not found again", async (t) => {
  const { local, repo, issue, look, cursor } = await openLooks(t);
  local.comment(repo, issue, "ada", "one");
  const [one] = (await look(cursor)).deliveries;
  assert.match(one?.id ?? "", /^scan:comment:\d+$/);
  const known = async (ids: readonly string[]) => new Set(ids);
  assert.deepEqual((await look(cursor, { known })).deliveries, []);
});

test("an old comment that is edited now, and what the bot itself did, are nothing new", async (t) => {
  const { local, world, repo, issue, found, later, look } = await openLooks(t);
  const old = local.comment(repo, issue, "ada", "/dispatch");
  later(HOUR);
  const { cursor } = await look(null);
  local.editComment(repo, old, "ada", "/dispatch codex");
  local.comment(repo, issue, world.bot.login, "I am the bot");
  local.addLabel(repo, issue, world.bot.login, LABEL);
  local.closeIssue(repo, issue, world.bot.login);
  assert.deepEqual(await found(cursor), []);
});

test("of a label the newest adding counts, by whoever did it; taken off again it is nothing", async (t) => {
  const { local, world, repo, issue, found, later } = await openLooks(t);
  await world.createUser("bob");
  local.addLabel(repo, issue, "ada", LABEL);
  later(10_000);
  local.removeLabel(repo, issue, "ada", LABEL);
  assert.deepEqual(await found(), []);
  local.addLabel(repo, issue, "bob", LABEL);
  const [label, ...more] = await found();
  assert.ok(label?.kind === "labels");
  assert.deepEqual([label.by.login, label.added, label.at % HOUR, more], ["bob", LABEL, 70_000, []]);
});

test("a label that stood there before is no news because something else is", async (t) => {
  const { local, repo, issue, look, found, later } = await openLooks(t);
  local.addLabel(repo, issue, "ada", LABEL);
  later(HOUR);
  const { cursor } = await look(null);
  local.addLabel(repo, issue, "ada", "bug");
  assert.deepEqual(await found(cursor), []);
});

test("on an instance without timelines no label is found, and who closed is nobody", async (t) => {
  const { local, repo, issue, found } = await openLooks(t);
  local.fail("GET", /\/timeline$/, 404);
  local.addLabel(repo, issue, "ada", LABEL);
  local.closeIssue(repo, issue, "ada");
  const events = await found();
  assert.deepEqual(
    events.map(({ kind, by }) => [kind, by.login]),
    [["closed", "ghost"]],
  );
});

test("a closing has the key that its webhook has", async (t) => {
  const { local, repo, issue, found } = await openLooks(t);
  local.setHook("http://127.0.0.1:9/", "s");
  local.closeIssue(repo, issue, "ada");
  const [sent] = local.deliveries();
  const webhook = { id: "1", forge: "local", event: sent?.type ?? "", body: sent?.body ?? "", receivedAt: 0 };
  assert.deepEqual(await found(), parse(webhook, "local"));
});

test("a quiet repository costs one request, one with a comment two, and an issue with a label three more", async (t) => {
  const { local, world, repo, issue, look, cursor } = await openLooks(t);
  await world.createRepo({ owner: "ada", name: "quiet", files: { a: "a" } });
  const asked = () => requests(local, () => look(cursor));
  const listing = 2;
  assert.equal(await asked(), listing + 2);
  local.comment(repo, issue, "ada", "one");
  assert.equal(await asked(), listing + 3);
  local.addLabel(repo, issue, "ada", LABEL);
  assert.equal(await asked(), listing + 6);
});

test("a look that becomes too long stops and goes on where it stopped, and nothing is lost", async (t) => {
  const { local, world, repo, issue, look, later, cursor } = await openLooks(t, { requests: 1 });
  const other = await world.createRepo({ owner: "ada", name: "b", files: { a: "a" } });
  const there = local.openIssue(other, { by: "ada", title: "Other", body: "" });
  for (let count = 0; count < 60; count++) local.comment(repo, issue, "ada", `number ${count}`);
  local.comment(other, there, "ada", "there");
  const ids = new Set<string>();
  let place = cursor;
  let looks = 0;
  do {
    const missed = await look(place);
    for (const { id } of missed.deliveries) ids.add(id);
    place = missed.cursor;
    later(1_000);
    assert.ok(++looks < 20);
  } while (place.includes('"page"'));
  assert.deepEqual([ids.size, looks > 3], [61, true]);
  // From the beginning of the long look on.
  assert.match(place, /T11:01:00/);
});

test("a repository that refuses is passed over; when all do, it is said", async (t) => {
  const { local, world, repo, issue, found, look, cursor } = await openLooks(t);
  await world.createRepo({ owner: "ada", name: "b", files: { a: "a" } });
  local.comment(repo, issue, "ada", "one");
  const one = local.fail("GET", /^\/repos\/ada\/b\/issues$/, 403);
  assert.equal((await found()).length, 1);
  one();
  local.fail("GET", /^\/repos\/.*\/issues$/, 403);
  await assert.rejects(look(cursor), { name: "ForgeError", status: 403 });
});

test("a look that is broken off ends at once, also when the forge is silent", async (t) => {
  const { local, look, cursor } = await openLooks(t);
  const end = local.hang(/\/user\/repos$/);
  const stop = new AbortController();
  const looking = look(cursor, { signal: stop.signal });
  setImmediate(() => stop.abort());
  await assert.rejects(looking);
  end();
});
