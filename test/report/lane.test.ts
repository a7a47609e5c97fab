import assert from "node:assert/strict";
import { test } from "node:test";
import { ForgeError } from "../../src/model/errors.ts";
import { comment, openOutboxDesk } from "./desk.ts";

const MINUTE = 60_000;
const limited = (status: number) => new ForgeError("posting: limited", status, true, 40 * MINUTE);

for (const status of [403, 429]) {
  test(`on GitHub a limit (${status}) of one owner silences that one for as long as was asked, and nobody else`, async (t) => {
    const { store, github, outbox, clock, add } = await openOutboxDesk(t);
    github.fail("comment", limited(status));
    await add({ first: comment("first") }, 1, "github", "busy");
    await outbox.flush();
    for (let issue = 2; issue <= 20; issue += 1) {
      await add({ [`busy ${issue}`]: comment("one") }, issue, "github", "Busy");
      await add({ [`calm ${issue}`]: comment("one") }, issue, "github", "calm");
    }
    for (const end = clock.ms + 40 * MINUTE; clock.ms < end; clock.ms += MINUTE) await outbox.flush();
    assert.ok(github.said.every(({ repo }) => repo.startsWith("calm/")));
    assert.equal(github.said.length, 19);
    for (let seconds = 0; seconds < 10; seconds += 1, clock.ms += 1_000) await outbox.flush();
    assert.deepEqual([github.said.length, await store.pendingEffects()], [39, 0]);
    const tried = github.calls.filter((call) => call === "comment").length;
    assert.equal(tried, 40, "nobody else was tried meanwhile");
  });
}

test("after an owner's limit one effect of that owner goes first, and the others after its answer", async (t) => {
  const { github, outbox, clock, add } = await openOutboxDesk(t);
  github.fail("comment", limited(429), limited(429));
  for (let issue = 1; issue <= 6; issue += 1) {
    await add({ [`busy ${issue}`]: comment("one") }, issue, "github", "busy");
    if (issue === 1) await outbox.flush();
  }
  await outbox.flush();
  clock.ms += 40 * MINUTE;
  await outbox.flush();
  assert.equal(github.calls.filter((call) => call === "comment").length, 2);
  assert.equal(github.said.length, 0);
  clock.ms += 40 * MINUTE;
  await outbox.flush();
  clock.ms += 2_000;
  await outbox.flush();
  assert.equal(github.said.length, 6);
});

test("silence on GitHub is no owner's: all are left alone", async (t) => {
  const { github, outbox, add } = await openOutboxDesk(t);
  const silent = () => new ForgeError("posting: no answer", 0, true);
  github.fail("comment", silent(), silent(), silent());
  for (const owner of ["a", "b", "c"]) await add({ [owner]: comment("one") }, 1, "github", owner);
  await outbox.flush();
  await add({ d: comment("one") }, 1, "github", "d");
  await outbox.flush();
  assert.equal(github.said.length, 0);
});

test("a limit of an account on another forge is the whole forge's", async (t) => {
  const { forge, outbox, add } = await openOutboxDesk(t);
  forge.fail("comment", limited(429));
  await add({ a: comment("one") }, 1, "codeberg", "a");
  await outbox.flush();
  await add({ b: comment("one") }, 1, "codeberg", "b");
  await outbox.flush();
  assert.equal(forge.said.length, 0);
});
