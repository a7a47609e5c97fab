import assert from "node:assert/strict";
import { test } from "node:test";
import { ForgeError } from "../../src/model/errors.ts";
import { type FakeForge, ours } from "../fakes/forge.ts";
import { comment, type OutboxDesk, openOutboxDesk } from "./desk.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const ISSUES = Array.from({ length: 20 }, (_, at) => at + 1);

const tried = (forge: FakeForge) => forge.calls.filter((call) => call === "comment").length;
const firstLines = (forge: FakeForge, issue: number) =>
  forge.said.filter((one) => one.issue === issue).map(({ body }) => body.split("\n")[0]);

/** Breaks the forge's comments until the end that is returned is called; counts them all the same. */
function breakDown(
  forge: FakeForge,
  error: () => ForgeError,
  issues: readonly number[] = ISSUES,
): () => void {
  const post = forge.comment.bind(forge);
  forge.comment = async (repo, issue, body) => {
    if (!issues.includes(issue)) return await post(repo, issue, body, ours);
    forge.calls.push("comment");
    throw error();
  };
  return () => {
    forge.comment = post;
  };
}

async function addTwoEach({ add }: OutboxDesk): Promise<void> {
  for (const issue of ISSUES)
    await add({ [`${issue}a`]: comment("one"), [`${issue}b`]: comment("two") }, issue);
}

/** Lets the time go by, a second at a time. */
async function pass(ms: number, { clock, outbox }: OutboxDesk): Promise<void> {
  for (const end = clock.ms + ms; clock.ms < end; clock.ms += SECOND) await outbox.flush();
}

test("after a rate limit the whole forge is left alone for as long as it asked", async (t) => {
  const desk = await openOutboxDesk(t);
  const { forge, outbox, clock, add } = desk;
  forge.fail("comment", new ForgeError("posting: limited", 429, true, 10 * MINUTE));
  await add({ limited: comment("limited") });
  await outbox.flush();
  await addTwoEach(desk);
  await pass(10 * MINUTE, desk);
  assert.equal(tried(forge), 1);
  clock.ms += SECOND;
  await outbox.flush();
  assert.equal(forge.said.length, 41);
  assert.equal(tried(forge), 42);
  // What was not begun counts no try, so only the first one is looked for.
  assert.equal(forge.calls.filter((call) => call === "comments").length, 1);
});

test("a limit without a time is waited out in growing pauses", async (t) => {
  const desk = await openOutboxDesk(t);
  const { forge, add } = desk;
  const end = breakDown(forge, () => new ForgeError("posting: limited", 429, true), [15]);
  await add({ limited: comment("limited") });
  await pass(10 * MINUTE, desk);
  const count = tried(forge);
  assert.ok(count > 10 && count < 20, `${count} tries`);
  end();
  await pass(MINUTE + SECOND, desk);
  assert.equal(forge.said.length, 1);
});

for (const status of [0, 502]) {
  test(`a forge that answers nobody (${status}) is asked by one issue at a time, and gets all in order when it is back`, async (t) => {
    const desk = await openOutboxDesk(t);
    const { store, forge } = desk;
    const end = breakDown(forge, () => new ForgeError(`posting: ${status}`, status, true));
    await addTwoEach(desk);
    await pass(10 * MINUTE, desk);
    const count = tried(forge);
    assert.ok(count < 8 + 20, `${count} tries`);
    assert.equal(await store.pendingEffects(), 40);
    end();
    await pass(MINUTE + 2 * SECOND, desk);
    assert.equal(await store.pendingEffects(), 0);
    for (const issue of ISSUES) assert.deepEqual(firstLines(forge, issue), ["one", "two"]);
  });
}

test("a forge that was away for two days gets everything all the same", async (t) => {
  const desk = await openOutboxDesk(t);
  const { forge, clock, outbox } = desk;
  const end = breakDown(forge, () => new ForgeError("posting: unreachable", 0, true));
  await desk.add({ a: comment("one") }, 1);
  for (const back = clock.ms + 48 * HOUR; clock.ms < back; clock.ms += 10 * MINUTE) await outbox.flush();
  end();
  await pass(MINUTE + SECOND, desk);
  assert.deepEqual(firstLines(forge, 1), ["one"]);
});

test("on its return one effect goes first, and the others after its answer", async (t) => {
  const desk = await openOutboxDesk(t);
  const { forge, outbox, clock } = desk;
  forge.fail("comment", new ForgeError("posting: limited", 429, true, MINUTE));
  await desk.add({ limited: comment("limited") });
  await outbox.flush();
  await addTwoEach(desk);
  const post = forge.comment.bind(forge);
  const answer = Promise.withResolvers<void>();
  let begun = 0;
  forge.comment = async (...args) => {
    begun += 1;
    await answer.promise;
    return await post(...args);
  };
  clock.ms += MINUTE;
  const flushed = outbox.flush();
  while (begun === 0) await new Promise((resolve) => setImmediate(resolve));
  await Promise.race([flushed, new Promise((resolve) => setTimeout(resolve, 20))]);
  assert.equal(begun, 1);
  answer.resolve();
  await flushed;
  assert.equal(forge.said.length, 41);
});

test("an error on one issue alone holds up no other, however often it comes", async (t) => {
  const desk = await openOutboxDesk(t);
  const { forge, outbox, clock, add } = desk;
  breakDown(forge, () => new ForgeError("posting: 500", 500, true), [15]);
  await add({ poison: comment("poison") });
  for (let time = 0; time < 10; time += 1) {
    clock.ms += HOUR;
    await outbox.flush();
    await add({ [`k${time}`]: comment("fine") }, 16);
    await outbox.flush();
    assert.equal(forge.said.length, time + 1);
  }
});

test("a forge that hangs in all of its places takes none of another's", async (t) => {
  const desk = await openOutboxDesk(t);
  const { forge, github, outbox, add } = desk;
  const hang = Promise.withResolvers<string>();
  forge.comment = () => hang.promise;
  await addTwoEach(desk);
  await add({ elsewhere: comment("elsewhere") }, 1, "github");
  const flushed = outbox.flush();
  while (github.said.length === 0) await new Promise((resolve) => setImmediate(resolve));
  hang.resolve("7");
  await flushed;
});

test("what is for a closed forge waits however long, and others go on", async (t) => {
  const desk = await openOutboxDesk(t);
  const { store, forge, github, outbox, clock, closed, add } = desk;
  closed.push("codeberg");
  await add({ a: comment("one") });
  await add({ b: comment("two") }, 1, "github");
  for (let day = 0; day < 10; day += 1) {
    await outbox.flush();
    clock.ms += 24 * HOUR;
  }
  assert.deepEqual([forge.calls, github.said.length, await store.pendingEffects()], [[], 1, 1]);
  closed.pop();
  await outbox.flush();
  assert.equal(forge.said.length, 1);
});

test("a token that is refused for days is no reason to give an effect up", async (t) => {
  const desk = await openOutboxDesk(t);
  const { store, forge, outbox, clock } = desk;
  const end = breakDown(forge, () => new ForgeError("posting: 401", 401, false));
  await desk.add({ a: comment("one") }, 1);
  for (const back = clock.ms + 48 * HOUR; clock.ms < back; clock.ms += 10 * MINUTE) await outbox.flush();
  assert.equal(await store.pendingEffects(), 1);
  end();
  clock.ms += HOUR;
  await outbox.flush();
  assert.deepEqual(firstLines(forge, 1), ["one"]);
});

test("a clock that is set back does not prolong a pause", async (t) => {
  const { forge, outbox, clock, add } = await openOutboxDesk(t);
  forge.fail("comment", new ForgeError("posting: limited", 429, true, MINUTE));
  await add({ limited: comment("limited") });
  await outbox.flush();
  clock.ms -= 24 * HOUR;
  await add({ other: comment("other") }, 16);
  await outbox.flush();
  assert.deepEqual(firstLines(forge, 16), ["other"]);
});
