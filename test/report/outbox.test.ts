import assert from "node:assert/strict";
import { test } from "node:test";
import { ForgeError } from "../../src/model/errors.ts";
import { ours } from "../fakes/forge.ts";
import { comment, openOutboxDesk } from "./desk.ts";

const down = () => new ForgeError("posting a comment: 502", 502, true);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

test("effects of one issue arrive in the order they were recorded, each once", async (t) => {
  const { forge, outbox, add } = await openOutboxDesk(t);
  await add({ a: comment("one"), b: comment("two") });
  await add({ c: comment("three"), a: comment("one again") });
  await outbox.flush();
  await outbox.flush();
  assert.deepEqual(
    forge.said.map(({ body }) => body.split("\n")[0]),
    ["one", "two", "three"],
  );
});

test("an issue whose forge hangs does not hold up another", async (t) => {
  const { forge, outbox, add } = await openOutboxDesk(t);
  const hang = Promise.withResolvers<string>();
  const post = forge.comment.bind(forge);
  forge.comment = async (repo, issue, body) =>
    issue === 15 ? await hang.promise : await post(repo, issue, body, ours);
  await add({ a: comment("one") });
  await add({ b: comment("two") }, 16);
  const flushed = outbox.flush();
  while (forge.said.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.match(forge.said[0]?.body ?? "", /^two/);
  hang.resolve("7");
  await flushed;
});

test("what does not work is tried again with growing pauses", async (t) => {
  const { forge, outbox, clock, add, logged } = await openOutboxDesk(t);
  forge.fail("comment", down(), down(), down());
  await add({ a: comment("one") });
  for (const [waitMs, tries] of [
    [0, 1],
    [700, 1],
    [600, 2],
    [1_400, 2],
    [1_200, 3],
    [2_900, 3],
    [2_200, 4],
  ] as const) {
    clock.ms += waitMs;
    await outbox.flush();
    assert.equal(forge.calls.filter((call) => call === "comment").length, tries);
  }
  assert.equal(forge.said.length, 1);
  assert.match(String(logged[0]?.reason), /502/);
});

test("the forge's own word on when to come again is kept", async (t) => {
  const { forge, outbox, clock, add } = await openOutboxDesk(t);
  forge.fail("comment", new ForgeError("posting a comment: limited", 429, true, 10 * MINUTE));
  await add({ a: comment("one") });
  await outbox.flush();
  clock.ms += 10 * MINUTE - 1;
  await outbox.flush();
  assert.equal(forge.said.length, 0);
  clock.ms += 1;
  await outbox.flush();
  assert.equal(forge.said.length, 1);
});

test("a forge that is down for 22 hours gets everything in the end; one down for 30 is given up", async (t) => {
  const { store, forge, outbox, clock, add, logged } = await openOutboxDesk(t);
  const start = clock.ms;
  const fail = async () => {
    throw down();
  };
  forge.comment = fail;
  await add({ a: comment("one") });
  while (clock.ms < start + 22 * HOUR) {
    await outbox.flush();
    clock.ms += 2 * MINUTE;
  }
  assert.equal(await store.pendingEffects(), 1);
  while (clock.ms < start + 30 * HOUR) {
    await outbox.flush();
    clock.ms += 2 * MINUTE;
  }
  assert.equal(await store.pendingEffects(), 0);
  assert.equal(logged.at(-1)?.msg, "effect given up");
});

test("what the forge refuses for good is given up and does not hold up what follows", async (t) => {
  const { store, forge, outbox, add, logged } = await openOutboxDesk(t);
  const refusals = [200, 403, 404, 422].map((code) => new ForgeError(`posting: ${code}`, code, false));
  forge.fail("comment", ...refusals);
  await add({ a: comment("1"), b: comment("2"), c: comment("3"), d: comment("4"), e: comment("five") });
  await outbox.flush();
  assert.deepEqual(forge.said.length, 1);
  assert.equal(await store.pendingEffects(), 0);
  assert.deepEqual(
    logged.map(({ msg }) => msg),
    Array(4).fill("effect given up"),
  );
});

test("a token that expired, and a fault of ours, are waited out", async (t) => {
  const { store, forge, outbox, clock, add } = await openOutboxDesk(t);
  forge.fail("comment", new ForgeError("posting: 401", 401, false), new TypeError("x is not a function"));
  await add({ a: comment("one") });
  for (let tries = 0; tries < 3; tries += 1) {
    await outbox.flush();
    clock.ms += HOUR;
  }
  assert.equal(forge.said.length, 1);
  assert.equal(await store.pendingEffects(), 0);
});

test("effects for a forge that is configured no more wait until it is again, and hold up no other", async (t) => {
  const { store, forge, outbox, add } = await openOutboxDesk(t);
  const repo = { forge: "gone", owner: "a", name: "b" };
  await store.addEffects([{ repo, issue: 1, runId: null, key: "k", action: comment("x") }]);
  await add({ a: comment("one") });
  await outbox.flush();
  assert.equal(forge.said.length, 1);
  assert.equal(await store.pendingEffects(), 1);
});

test("it delivers as soon as something is recorded, and what is put off when its time comes", async (t) => {
  const { store, forge, outbox, clock, add } = await openOutboxDesk(t);
  const stop = new AbortController();
  const running = outbox.run(stop.signal);
  await add({ a: comment("one") });
  while ((await store.pendingEffects()) > 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(forge.said.length, 1);
  forge.fail("comment", down());
  await add({ b: comment("two") });
  while (forge.calls.filter((call) => call === "comment").length < 2)
    await new Promise((resolve) => setImmediate(resolve));
  // Nothing changes in the store any more: only the clock goes on.
  clock.ms += HOUR;
  while ((await store.pendingEffects()) > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(forge.said.length, 2);
  stop.abort();
  await running;
});

test("it stops at once when there is nothing to do, and after what it began otherwise", async (t) => {
  const { store, forge, outbox, add } = await openOutboxDesk(t);
  const idle = new AbortController();
  const resting = outbox.run(idle.signal);
  idle.abort();
  await resting;
  const post = forge.comment.bind(forge);
  const begun = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  forge.comment = async (repo, issue, body) => {
    begun.resolve();
    await go.promise;
    return await post(repo, issue, body, ours);
  };
  await add({ a: comment("one") });
  const busy = new AbortController();
  const working = outbox.run(busy.signal);
  await begun.promise;
  busy.abort();
  go.resolve();
  await working;
  assert.equal(await store.pendingEffects(), 0);
});
