import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Forge, Missed } from "../../../src/forges/forge.ts";
import { scan } from "../../../src/forges/github/scan.ts";
import { clientFor, connect, lookSince } from "./connect.ts";

/** An issue, and a mark from before whatever the test does to it. */
async function begun(t: TestContext) {
  const connected = await connect(t, "token");
  const { world, forge, name } = connected;
  const { cursor } = await forge.missed(lookSince(null));
  const issue = await world.openIssue(name, { by: "alice", title: "Title", body: "" });
  const asked = (path: string) => world.requests().filter((one) => one === `GET ${path}`).length;
  return { ...connected, issue, cursor, asked };
}

const idsOf = ({ deliveries }: Missed) => deliveries.map(({ id }) => id);

function keysOf(forge: Forge, { deliveries }: Missed) {
  return deliveries.flatMap((one) => forge.parse(one)).map(({ key }) => key);
}

test("comments, labels and closings are found with the keys of their webhooks", async (t) => {
  const { world, forge, name, issue, cursor } = await begun(t);
  await world.commit(name, { by: "alice", branch: "work", files: { a: "a" }, message: "Work" });
  const pull = await world.openPull(name, { by: "alice", head: "work", base: "main", title: "Pull" });
  for (const number of [issue, pull]) {
    await world.comment(name, number, "alice", "/dispatch");
    await world.addLabel(name, number, "alice", "dispatch:codex");
    await world.closeIssue(name, number, "alice");
  }
  await world.waitFor(() => world.deliveries().length >= 8, "the webhooks");
  const sent = world.deliveries().flatMap(({ id, event, body }) => {
    return forge.parse({ id, event, body, forge: "github", receivedAt: 0 });
  });
  const missed = await forge.missed(lookSince(cursor));
  assert.deepEqual(keysOf(forge, missed).sort(), sent.map(({ key }) => key).sort());
  assert.deepEqual(world.violations(), []);
});

test("a repository where nothing changed costs one request, which is free", async (t) => {
  const { world, forge, name, issue, asked } = await begun(t);
  await world.comment(name, issue, "alice", "hello");
  const quiet = JSON.stringify({ since: new Date(Date.now() + 5000).toISOString(), rest: null });
  const first = await forge.missed(lookSince(quiet));
  const before = world.requests().length;
  const second = await forge.missed(lookSince(first.cursor));
  assert.deepEqual(second.deliveries, []);
  assert.deepEqual(world.requests().slice(before), ["GET /user/repos", `GET /repos/${name}/issues`]);
  await world.comment(name, issue, "alice", "/dispatch");
  const third = await forge.missed(lookSince(second.cursor));
  assert.equal(third.deliveries.length, 2);
  assert.equal((await forge.missed(lookSince(third.cursor))).deliveries.length, 2, "read once more");
  assert.equal(asked(`/repos/${name}/issues/comments`), 2);
});

test("a cursor that is not the last look's is believed more than what the last look saw", async (t) => {
  const { world, forge, name, issue, cursor } = await begun(t);
  const id = await world.comment(name, issue, "alice", "/dispatch");
  const quiet = JSON.stringify({ since: new Date(Date.now() + 5000).toISOString(), rest: null });
  assert.deepEqual(idsOf(await forge.missed(lookSince(quiet))), []);
  assert.deepEqual(idsOf(await forge.missed(lookSince(cursor))), [`scan:comment:${id}`]);
});

test("what a look before has brought is not brought again", async (t) => {
  const { world, forge, name, issue, cursor } = await begun(t);
  const id = await world.comment(name, issue, "alice", "/dispatch");
  assert.deepEqual(idsOf(await forge.missed(lookSince(cursor, [`scan:comment:${id}`]))), []);
});

test("an edited comment, an older label, one taken off and one that commands nothing are not found", async (t) => {
  const { world, forge, name, issue } = await begun(t);
  const id = await world.comment(name, issue, "alice", "hello");
  await world.addLabel(name, issue, "alice", "dispatch:claude");
  const said = Date.now();
  await world.waitFor(() => Date.now() > said + 25, "the fake to tell an edit from the making");
  const since = JSON.stringify({ since: new Date().toISOString(), rest: null });
  await world.editComment(name, id, "alice", "/dispatch");
  await world.addLabel(name, issue, "alice", "dispatch:codex");
  await world.removeLabel(name, issue, "alice", "dispatch:codex");
  await world.addLabel(name, issue, "alice", "bug");
  assert.deepEqual(idsOf(await forge.missed(lookSince(since))), []);
});

test("a label put on again is told of as it was put on last, however much happened to the issue", async (t) => {
  const { world, forge, name, issue, cursor, asked } = await begun(t);
  for (let more = 0; more < 52; more++) {
    await world.addLabel(name, issue, "alice", "dispatch:codex");
    if (more < 51) await world.removeLabel(name, issue, "alice", "dispatch:codex");
  }
  const missed = await forge.missed(lookSince(cursor));
  assert.deepEqual(idsOf(missed), ["scan:label:103"]);
  assert.equal(asked(`/repos/${name}/issues/${issue}/events`), 2);
});

test("a repository that is known by an old name is told of by its new one only", async (t) => {
  const { world, forge, repo, name, issue, cursor } = await begun(t);
  const id = await world.comment(name, issue, "alice", "/dispatch");
  for (const list of ["issues", "issues/comments"]) {
    const headers = { authorization: `token ${world.bot.token}` };
    const there = await fetch(`${world.url}/repos/${name}/${list}`, { headers });
    world.answer("GET", new RegExp(`^/repos/acme/before/${list}$`), 200, await there.json());
  }
  const look = { ...lookSince(cursor), repositories: [{ ...repo, name: "before" }, repo] };
  assert.deepEqual(idsOf(await forge.missed(look)), [`scan:comment:${id}`]);
});

test("more repositories than one look reads are read by the looks after it", async (t) => {
  const { world, forge, cursor } = await begun(t);
  const ids: string[] = [];
  for (const name of ["b", "c"]) {
    const repo = await world.createRepo({ owner: "acme", name, files: { a: "a" } });
    const issue = await world.openIssue(repo, { by: "acme", title: "T", body: "" });
    ids.push(`scan:comment:${await world.comment(repo, issue, "acme", "/dispatch")}`);
  }
  const missed = scan(clientFor(world), forge.self, 1);
  const looks: string[][] = [];
  let next = cursor;
  for (let count = 0; count < 3; count++) {
    const look = await missed(lookSince(next));
    looks.push(idsOf(look));
    next = look.cursor;
  }
  assert.deepEqual(looks, [[], [ids[0]], [ids[1]]]);
  assert.match(next, /"rest":null/);
  assert.equal(idsOf(await forge.missed(lookSince(next))).length, 2);
});

test("repositories that the bot may only read, or that are archived, are not scanned", async (t) => {
  const { world, forge, cursor } = await begun(t);
  const read = await world.createRepo({ owner: "acme", name: "read", files: { a: "a" } });
  await world.grant(read, world.bot.login, "read");
  await forge.missed(lookSince(cursor));
  const old = { name: "app", owner: { login: "acme" }, archived: true, permissions: { push: true } };
  world.answer("GET", /^\/user\/repos$/, 200, [old]);
  await forge.missed(lookSince(cursor));
  const scanned = world.requests().filter((one) => one.endsWith("/issues"));
  assert.deepEqual(scanned, ["GET /repos/acme/app/issues"]);
});

test("what the bot did itself is not found", async (t) => {
  const { world, forge, name, issue, cursor } = await begun(t);
  await world.comment(name, issue, world.bot.login, "Done.");
  await world.addLabel(name, issue, world.bot.login, "dispatch:codex");
  const id = await world.comment(name, issue, "alice", "/dispatch");
  assert.deepEqual(idsOf(await forge.missed(lookSince(cursor))), [`scan:comment:${id}`]);
});
