import assert from "node:assert/strict";
import { test } from "node:test";
import { ForgeError } from "../../src/model/errors.ts";
import { comment, openOutboxDesk, REDACTED_SECRET, SECRET, status } from "./desk.ts";

const lost = () => new ForgeError("posting a comment: the connection was lost", 0, true);
const HOUR = 3_600_000;
const REPO = { forge: "codeberg", owner: "acme", name: "shop" };

test("a comment that was posted though the answer was lost is not posted again after a restart", async (t) => {
  const { store, forge, outbox, clock, add, restarted } = await openOutboxDesk(t);
  forge.failAfter("comment", lost());
  await add({ a: comment("one") });
  await outbox.flush();
  assert.equal(forge.said.length, 1);
  clock.ms += HOUR;
  await restarted().flush();
  assert.equal(forge.said.length, 1);
  assert.equal(await store.pendingEffects(), 0);
});

test("the first try does not read the issue's comments", async (t) => {
  const { forge, outbox, add } = await openOutboxDesk(t);
  await add({ a: comment("one") });
  await outbox.flush();
  assert.deepEqual(forge.calls, ["comment"]);
});

test("another's comment with the marker copied into it does not count", async (t) => {
  const { forge, outbox, clock, add } = await openOutboxDesk(t);
  forge.failAfter("comment", lost());
  await add({ a: comment("one") });
  await outbox.flush();
  const [posted] = forge.said;
  forge.deleteComment(posted?.id ?? "");
  forge.addComment(REPO, 15, { id: 9, login: "eve" }, posted?.body ?? "");
  clock.ms += HOUR;
  await outbox.flush();
  assert.deepEqual(
    forge.said.map(({ author }) => author.login),
    ["eve", "dispatch-bot"],
  );
});

test("a run has one status comment, edited from then on", async (t) => {
  const { store, forge, outbox, add } = await openOutboxDesk(t);
  await add({ "status:r1": status("queued") });
  await outbox.flush();
  const [first] = forge.said;
  assert.equal((await store.run("r1"))?.statusComment, first?.id);
  await add({ "status:r1": status("running") });
  await add({ other: comment("hello") });
  await add({ "status:r1": status("ended") });
  await outbox.flush();
  assert.equal(forge.said.length, 2);
  assert.match(forge.said[0]?.body ?? "", /^ended\n\n<!--/);
});

const review = { kind: "review", body: "No findings." } as const;

test("a review that was posted though the answer was lost is not posted again after a restart", async (t) => {
  const { store, forge, outbox, clock, add, restarted } = await openOutboxDesk(t);
  forge.failAfter("review", lost());
  await add({ a: review });
  await outbox.flush();
  clock.ms += HOUR;
  await restarted().flush();
  assert.equal(forge.reviewed.length, 1);
  assert.equal(forge.said.length, 0);
  assert.equal(await store.pendingEffects(), 0);
});

for (const status of [200, 403, 422]) {
  test(`a review refused for good with a ${status} is posted once as a comment`, async (t) => {
    const { store, forge, outbox, clock, add, restarted } = await openOutboxDesk(t);
    const refused = () => new ForgeError("reviewing: no", status, false);
    forge.fail("review", refused(), refused());
    forge.failAfter("comment", lost());
    await add({ a: review });
    await outbox.flush();
    assert.match(forge.said[0]?.body ?? "", /^No findings\.\n\n<!-- agent-dispatch:effect=/);
    clock.ms += HOUR;
    await restarted().flush();
    assert.equal(forge.said.length, 1);
    assert.equal(forge.reviewed.length, 0);
    assert.equal(await store.pendingEffects(), 0);
  });
}

test("a review that the forge was too busy for is tried again as a review", async (t) => {
  const { forge, outbox, clock, add } = await openOutboxDesk(t);
  forge.fail("review", new ForgeError("reviewing: 502", 502, true));
  await add({ a: review });
  await outbox.flush();
  clock.ms += HOUR;
  await outbox.flush();
  assert.deepEqual([forge.reviewed.length, forge.said.length], [1, 0]);
});

test("a status comment whose answer was lost is found and edited", async (t) => {
  const { store, forge, outbox, clock, add } = await openOutboxDesk(t);
  forge.failAfter("comment", lost());
  await add({ "status:r1": status("queued") });
  await outbox.flush();
  await add({ "status:r1": status("running") });
  clock.ms += HOUR;
  await outbox.flush();
  assert.equal(forge.said.length, 1);
  assert.match(forge.said[0]?.body ?? "", /^running/);
  assert.equal((await store.run("r1"))?.statusComment, forge.said[0]?.id);
});

test("a status comment that a person deleted is posted anew", async (t) => {
  const { store, forge, outbox, add } = await openOutboxDesk(t);
  await add({ "status:r1": status("queued") });
  await outbox.flush();
  forge.deleteComment(forge.said[0]?.id ?? "");
  await add({ "status:r1": status("running") });
  await outbox.flush();
  assert.equal(forge.said.length, 1);
  assert.equal((await store.run("r1"))?.statusComment, forge.said[0]?.id);
});

test("a text that holds a secret after redaction is replaced whole, and the log names the secret but not its value", async (t) => {
  const { forge, outbox, add, logged } = await openOutboxDesk(t);
  await add({
    a: comment(`the key is ${SECRET}`),
    b: { kind: "review", body: SECRET },
    "status:r1": status(SECRET),
  });
  await outbox.flush();
  const all = JSON.stringify([forge.said, forge.reviewed, logged]);
  assert.ok(!all.includes(SECRET));
  assert.match(forge.said[0]?.body ?? "", /held a secret/);
  assert.deepEqual(
    logged.map(({ secret }) => secret),
    ["API_KEY", "API_KEY", "API_KEY"],
  );
});

test("a secret that redaction takes out leaves the answer standing, and the log names the secret", async (t) => {
  const { forge, outbox, add, logged } = await openOutboxDesk(t);
  await add({ a: comment(`❌ **Failed**: the key ${REDACTED_SECRET} was refused`) });
  await outbox.flush();
  assert.match(forge.said[0]?.body ?? "", /^❌ \*\*Failed\*\*: the key \[OTHER_KEY\] was refused\n/);
  assert.equal(logged[0]?.secret, "OTHER_KEY");
  assert.ok(!JSON.stringify(logged).includes(REDACTED_SECRET));
});

test("a secret that is split by what Markdown needs, and would be read whole, is held back", async (t) => {
  const { forge, outbox, add, logged } = await openOutboxDesk(t);
  await add({ a: comment("the key is hunter2\\-hunter2"), b: comment("the key is hunter2\u200b-hunter2") });
  await outbox.flush();
  assert.ok(forge.said.every(({ body }) => /held a secret/.test(body)));
  assert.deepEqual(
    logged.map(({ secret }) => secret),
    ["API_KEY", "API_KEY"],
  );
});

test("what else is to be redacted is, in every text", async (t) => {
  const { forge, outbox, add } = await openOutboxDesk(t);
  await add({ a: comment("with token-1 inside") });
  await outbox.flush();
  assert.match(forge.said[0]?.body ?? "", /^with \[token\] inside/);
});

test("a text longer than the forge takes is cut and keeps its marker", async (t) => {
  const { forge, outbox, add } = await openOutboxDesk(t);
  await add({ a: comment("😀".repeat(40_000)) });
  await outbox.flush();
  const body = forge.said[0]?.body ?? "";
  assert.ok(body.length <= 65_536 && body.isWellFormed());
  assert.match(body, /<!-- agent-dispatch:effect=[0-9a-f]{32} -->$/);
});

test("reactions, labels, reviews, the clock and the time go where they belong", async (t) => {
  const { store, forge, outbox, add } = await openOutboxDesk(t);
  const time = { seconds: 252, startedAt: 1, endedAt: 252_001, sha: null, ok: true };
  await add({
    a: { kind: "react", commentId: "90", reaction: "eyes" },
    b: { kind: "stopwatch" },
    "time:r1:1": { kind: "time", ...time },
    d: { kind: "review", body: "fine" },
    e: { kind: "unlabel", label: "dispatch:codex" },
  });
  await outbox.flush();
  assert.deepEqual(forge.reactions, [{ commentId: "90", reaction: "eyes" }]);
  assert.deepEqual(forge.stopwatches, [15]);
  assert.deepEqual(forge.times, [{ ...time, key: "time:r1:1" }]);
  assert.match(forge.reviewed[0]?.body ?? "", /^fine/);
  assert.deepEqual(forge.removed, ["dispatch:codex"]);
  assert.equal(await store.pendingEffects(), 0);
});

test("a clock that can not be started is let be; the time is booked nevertheless", async (t) => {
  const { store, forge, outbox, add } = await openOutboxDesk(t);
  forge.fail("startStopwatch", new ForgeError("starting the stopwatch: 502", 502, true));
  await add({
    b: { kind: "stopwatch" },
    c: { kind: "time", seconds: 1, startedAt: 0, endedAt: 1, sha: null, ok: true },
  });
  await outbox.flush();
  assert.equal(forge.times.length, 1);
  assert.equal(await store.pendingEffects(), 0);
});
