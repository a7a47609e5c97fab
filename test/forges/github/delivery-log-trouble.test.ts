import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { deliveryLog } from "../../../src/forges/github/delivery-log.ts";
import type { WorldDelivery } from "../../fakes/forge-world.ts";
import { clientFor, connect, lookSince } from "./connect.ts";

const DETAIL = /^\/app\/hook\/deliveries\/\d+$/;

async function begun(t: TestContext) {
  const connected = await connect(t);
  const { world, forge, name } = connected;
  const issue = await world.openIssue(name, { by: "alice", title: "Title", body: "" });
  const { cursor } = await forge.missed(lookSince(null));
  /** Comments, and waits until the log has the delivery. */
  async function said(body: string): Promise<WorldDelivery> {
    const before = world.deliveries().length;
    await world.comment(name, issue, "alice", body);
    const sent = () => world.deliveries()[before];
    await world.waitFor(() => (sent()?.status ?? null) !== null, "the delivery");
    return sent() as WorldDelivery;
  }
  const asked = () => world.requests().filter((one) => /^GET .*\/deliveries\/\d+$/.test(one)).length;
  return { ...connected, cursor, said, asked };
}

/** As after a look much later: what happened until now is found by what was noted only. */
const later = (cursor: string) =>
  JSON.stringify({ ...JSON.parse(cursor), since: new Date(Date.now() + 5000).toISOString() });

test("an entry that cannot be read is told of, hides no other, and is tried by the looks after it", async (t) => {
  const { world, forge, cursor, said, asked } = await begun(t);
  const [lost, { id }] = [await said("one"), await said("two")];
  world.fail("GET", DETAIL, 500, { times: 1 });
  const first = await forge.missed(lookSince(cursor));
  assert.deepEqual([first.deliveries.map((one) => one.id), first.through], [[id], true]);
  assert.match(first.trouble ?? "", new RegExp(`missed delivery ${lost.id}: GitHub answered 500`));
  const heal = world.fail("GET", DETAIL, 500);
  const second = await forge.missed(lookSince(later(first.cursor), [id]));
  assert.deepEqual([second.deliveries, second.cursor.includes(lost.id)], [[], true]);
  heal();
  const third = await forge.missed(lookSince(later(second.cursor), [id]));
  assert.deepEqual([third.deliveries.map((one) => one.id), third.trouble], [[lost.id], null]);
  assert.deepEqual([third.cursor.includes(lost.id), asked()], [false, 4]);
});

test("an entry that was noted and has arrived since is not asked for", async (t) => {
  const { world, forge, cursor, said, asked } = await begun(t);
  const { id } = await said("one");
  world.fail("GET", DETAIL, 500, { times: 1 });
  const { cursor: next } = await forge.missed(lookSince(cursor));
  const { deliveries, cursor: last } = await forge.missed(lookSince(later(next), [id]));
  assert.deepEqual([deliveries, last.includes(id), asked()], [[], false, 1]);
});

test("an entry of an unknown shape is left out and told of, and hides no other", async (t) => {
  const { world, forge, cursor, said } = await begun(t);
  const { id, event } = await said("one");
  const entry = { id: "178000000000000002", guid: id, redelivery: false, event, action: "created" };
  const rows = [{ guid: 5 }, { ...entry, delivered_at: new Date().toISOString() }];
  world.answer("GET", /^\/app\/hook\/deliveries$/, 200, rows);
  const look = await forge.missed(lookSince(cursor));
  assert.deepEqual(
    look.deliveries.map((one) => one.id),
    [id],
  );
  assert.match(look.trouble ?? "", /log of deliveries: left out what could not be read/);
});

test("what does not tell what was sent is told of", async (t) => {
  const { world, forge, cursor, said } = await begun(t);
  await said("one");
  world.answer("GET", DETAIL, 200, { odd: true });
  const { deliveries, trouble } = await forge.missed(lookSince(cursor));
  assert.deepEqual(deliveries, []);
  assert.match(trouble ?? "", /reading the missed delivery .*: the log's entry does not tell what was sent/);
});

test("more failing entries than can be noted are met again by the next look, with all after them", async (t) => {
  const { world, cursor, said } = await begun(t);
  const ids: string[] = [];
  for (let count = 0; count < 104; count++) ids.push((await said("one")).id);
  const missed = deliveryLog(clientFor(world), { pages: 200, entries: 500 });
  const heal = world.fail("GET", DETAIL, 500);
  const first = await missed(lookSince(cursor));
  assert.equal((JSON.parse(first.cursor).entries as unknown[]).length, 100);
  assert.deepEqual([JSON.parse(first.cursor).since, first.through], [JSON.parse(cursor).since, true]);
  heal();
  const second = await missed(lookSince(first.cursor));
  assert.deepEqual(
    second.deliveries.map((one) => one.id),
    ids,
  );
});

test("a look that asks for as much as it may goes on with the rest, in front of what is new", async (t) => {
  const { world, cursor, said, asked } = await begun(t);
  const ids: string[] = [];
  for (const body of ["one", "two", "three"]) ids.push((await said(body)).id);
  world.fail("GET", DETAIL, 500, { times: 1 });
  const missed = deliveryLog(clientFor(world), { pages: 200, entries: 2 });
  const first = await missed(lookSince(cursor));
  assert.deepEqual([first.deliveries.map((one) => one.id), first.through], [[ids[1]], false]);
  const second = await missed(lookSince(first.cursor, [ids[1] ?? ""]));
  assert.deepEqual([second.deliveries.map((one) => one.id).sort(), asked()], [[ids[0], ids[2]].sort(), 4]);
  assert.equal(second.through, true);
});
