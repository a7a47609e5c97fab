import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { deliveryLog } from "../../../src/forges/github/delivery-log.ts";
import type { WorldDelivery } from "../../fakes/forge-world.ts";
import { clientFor, connect, lookSince } from "./connect.ts";

const DETAIL = /^\/app\/hook\/deliveries\/\d+$/;

/** An issue, and a mark from before whatever the test does to it. */
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
  const asked = (what: RegExp) => world.requests().filter((one) => what.test(one)).length;
  return { ...connected, issue, cursor, said, asked };
}

test("a delivery that was lost is found under its own id, as it was sent", async (t) => {
  const { world, forge, name, cursor, said } = await begun(t);
  world.dropWebhooks(name);
  const { id, event, body } = await said("/dispatch");
  const { deliveries } = await forge.missed(lookSince(cursor));
  assert.deepEqual(deliveries, [{ id, forge: "github", event, body, receivedAt: 12_345 }]);
  assert.deepEqual(world.violations(), []);
});

test("what has arrived, and what is of no concern, is not even asked for", async (t) => {
  const { world, forge, name, issue, cursor, said, asked } = await begun(t);
  const { id } = await said("/dispatch");
  await world.editIssue(name, issue, "alice", { body: "More" });
  await world.waitFor(() => world.deliveries().every(({ status }) => status !== null), "the deliveries");
  const { deliveries } = await forge.missed(lookSince(cursor, [id]));
  assert.deepEqual(deliveries, []);
  assert.equal(asked(/^GET \/app\/hook\/deliveries$/), 2);
  assert.equal(asked(/^GET \/app\/hook\/deliveries\/\d+$/), 0);
});

test("a delivery the log holds no payload of is asked for again, once", async (t) => {
  const { world, forge, cursor, said, asked } = await begun(t);
  const { id } = await said("/dispatch");
  world.forgetPayload(id);
  for (let looks = 1; looks <= 3; looks++) {
    assert.deepEqual((await forge.missed(lookSince(cursor))).deliveries, []);
    await world.waitFor(() => world.deliveries().every(({ status }) => status !== null), "the deliveries");
  }
  assert.equal(asked(/^POST .*\/attempts$/), 1);
  assert.equal(world.deliveries().filter((one) => one.id === id).length, 2);
  assert.deepEqual(world.violations(), []);
});

test("the log is read page by page, back to where the last look began", async (t) => {
  const { world, forge, cursor, said, asked } = await begun(t);
  const lost = await said("/dispatch");
  const { id } = await said("hello");
  for (let more = 0; more < 120; more++) await world.redeliver(id);
  await world.waitFor(() => world.deliveries().every(({ status }) => status !== null), "the deliveries");
  const { deliveries } = await forge.missed(lookSince(cursor, [id]));
  assert.deepEqual(
    deliveries.map((one) => one.id),
    [lost.id],
  );
  assert.equal(asked(/^GET \/app\/hook\/deliveries$/), 3);
});

test("a look that is not through is gone on with by the next one", async (t) => {
  const { world, cursor, said } = await begun(t);
  const lost = await said("/dispatch");
  const { id } = await said("hello");
  for (let more = 0; more < 120; more++) await world.redeliver(id);
  await world.waitFor(() => world.deliveries().every(({ status }) => status !== null), "the deliveries");
  const missed = deliveryLog(clientFor(world), { pages: 1, entries: 200 });
  const first = await missed(lookSince(cursor, [id]));
  const second = await missed(lookSince(first.cursor, [id]));
  assert.deepEqual([first.deliveries, second.deliveries.map((one) => one.id)], [[], [lost.id]]);
  assert.match(second.cursor, /"rest":null/);
});

test("more than one look finds come with the looks after it, the oldest first", async (t) => {
  const { world, cursor, said } = await begun(t);
  const ids: string[] = [];
  for (const body of ["one", "two", "three"]) ids.push((await said(body)).id);
  const missed = deliveryLog(clientFor(world), { pages: 50, entries: 2 });
  const first = await missed(lookSince(cursor));
  const found = first.deliveries.map(({ id }) => id);
  assert.deepEqual(found, ids.slice(0, 2));
  const second = await missed(lookSince(first.cursor, found));
  assert.deepEqual(
    second.deliveries.map(({ id }) => id),
    ids.slice(2),
  );
});

test("a limit in the middle of a look loses nothing of it, and is told when nothing was found", async (t) => {
  const { world, forge, cursor, said } = await begun(t);
  const { id } = await said("one");
  await said("two");
  await forge.missed(lookSince(cursor));
  const [, second = ""] = world.requests().filter((one) => /^GET .*\/deliveries\/\d+$/.test(one));
  const limit = { headers: { "retry-after": "9" } };
  world.fail("GET", new RegExp(second.replace("GET ", "")), 429, limit);
  const first = await forge.missed(lookSince(cursor));
  assert.deepEqual([first.deliveries.map((one) => one.id), first.cursor], [[id], cursor]);
  world.fail("GET", DETAIL, 429, limit);
  await assert.rejects(forge.missed(lookSince(cursor)), { name: "ForgeError", retryAfterMs: 9000 });
});

test("an entry that is gone from the log is passed over", async (t) => {
  const { world, forge, cursor, said } = await begun(t);
  await said("one");
  world.fail("GET", DETAIL, 404);
  const { deliveries, cursor: next } = await forge.missed(lookSince(cursor));
  assert.deepEqual(deliveries, []);
  assert.notEqual(next, cursor);
});

test("a rest that GitHub no longer keeps is passed over", async (t) => {
  const { world, forge, cursor } = await begun(t);
  const rest = { began: "2020-01-01T00:00:00.000Z", from: "v1_1" };
  world.fail("GET", /^\/app\/hook\/deliveries$/, 400);
  const left = JSON.stringify({ ...JSON.parse(cursor), rest });
  const { deliveries, cursor: next } = await forge.missed(lookSince(left));
  assert.deepEqual([deliveries, next], [[], '{"since":"2019-12-31T23:58:00.000Z","rest":null}']);
  await assert.rejects(forge.missed(lookSince(cursor)), { name: "ForgeError", status: 400 });
});
