import assert from "node:assert/strict";
import { test } from "node:test";
import type { StillOurs } from "../../src/forges/forge.ts";
import type { EffectAction } from "../../src/model/effect.ts";
import { ForgeError } from "../../src/model/errors.ts";
import { type FakeForge, ours } from "../fakes/forge.ts";
import { comment, openOutboxDesk, status } from "./desk.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const lost = () => new ForgeError("posting: the connection was lost", 0, true);
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

const time = { seconds: 252, startedAt: 1, endedAt: 252_001, sha: null, ok: true };
/** Each kind: what is wanted, the request that does it, and how often it can be seen on the forge. */
const KINDS: readonly {
  readonly action: EffectAction;
  readonly request: Parameters<FakeForge["fail"]>[0];
  readonly seen: (forge: FakeForge) => number;
}[] = [
  { action: comment("hello"), request: "comment", seen: ({ said }) => said.length },
  { action: status("queued"), request: "comment", seen: ({ said }) => said.length },
  { action: { kind: "review", body: "fine" }, request: "review", seen: ({ reviewed }) => reviewed.length },
  {
    action: { kind: "react", commentId: "90", reaction: "eyes" },
    request: "react",
    seen: ({ reactions }) => reactions.length,
  },
  {
    action: { kind: "unlabel", label: "dispatch:codex" },
    request: "removeLabel",
    seen: ({ removed }) => new Set(removed).size,
  },
  {
    action: { kind: "stopwatch" },
    request: "startStopwatch",
    seen: (forge) => new Set(forge.stopwatches).size,
  },
  { action: { kind: "time", ...time }, request: "bookTime", seen: ({ times }) => times.length },
];

for (const { action, request, seen } of KINDS) {
  for (const moment of ["before it was done", "before it was confirmed"]) {
    test(`a process that dies over a ${action.kind}, ${moment}, leaves it to be done once`, async (t) => {
      const { store, forge, clock, add, doomed, restarted } = await openOutboxDesk(t);
      if (moment === "before it was done") forge.fail(request, new Error("the process died"));
      await add({ "status:r1": action });
      await doomed().flush();
      await restarted().flush();
      assert.ok(forge.calls.filter((call) => call === request).length <= 1, "held for the one that began it");
      clock.ms += 30 * SECOND;
      await restarted().flush();
      assert.equal(seen(forge), 1);
      assert.equal(await store.pendingEffects(), 0);
    });
  }
}

test("a status comment that was posted anew for a deleted one, and not recorded, is found and says the newest", async (t) => {
  const { store, forge, outbox, clock, add, doomed, restarted } = await openOutboxDesk(t);
  await add({ "status:r1": status("queued") });
  await outbox.flush();
  forge.deleteComment(forge.said[0]?.id ?? "");
  await add({ "status:r1": status("running") });
  await doomed().flush();
  await add({ "status:r1": status("ended") });
  clock.ms += 30 * SECOND;
  await restarted().flush();
  assert.equal(forge.said.length, 1);
  assert.match(forge.said[0]?.body ?? "", /^ended/);
  assert.equal((await store.run("r1"))?.statusComment, forge.said[0]?.id);
});

test("a delivery that takes long is not begun by a second process, and loses its place after two minutes", async (t) => {
  const { store, forge, outbox, clock, add, logged, restarted } = await openOutboxDesk(t);
  t.mock.timers.enable({ apis: ["setInterval"] });
  const post = forge.comment.bind(forge);
  const begun = Promise.withResolvers<void>();
  const hang = Promise.withResolvers<void>();
  let count = 0;
  forge.comment = async (repo, issue, body, stillOurs) => {
    count += 1;
    stillOurs();
    begun.resolve();
    await hang.promise;
    return await post(repo, issue, body, ours);
  };
  await add({ a: comment("one") });
  const flushed = outbox.flush();
  await begun.promise;
  const second = restarted();
  for (let seconds = 5; seconds < 120; seconds += 5) {
    clock.ms += 5 * SECOND;
    t.mock.timers.tick(5 * SECOND);
    await nextTurn();
    await second.flush();
  }
  assert.equal(count, 1);
  clock.ms += 5 * SECOND;
  t.mock.timers.tick(5 * SECOND);
  await flushed;
  assert.match(String(logged.at(-1)?.reason), /longer than two minutes/);
  // It did arrive in the end, and is found.
  hang.resolve();
  await nextTurn();
  clock.ms += MINUTE;
  await second.flush();
  assert.deepEqual([count, forge.said.length, await store.pendingEffects()], [1, 1, 0]);
});

for (const action of [comment("hello"), status("queued"), { kind: "review", body: "fine" } as const]) {
  test(`a process that was stopped for a while posts no ${action.kind} that another has posted meanwhile`, async (t) => {
    const { store, forge, outbox, clock, add, restarted } = await openOutboxDesk(t);
    forge.fail(action.kind === "review" ? "review" : "comment", lost());
    await add({ a: action });
    await outbox.flush();
    clock.ms += 2 * SECOND;
    const method = action.kind === "review" ? "reviews" : "comments";
    const look = forge[method].bind(forge) as typeof forge.comments;
    Object.assign(forge, {
      [method]: async (...args: Parameters<typeof look>) => {
        Object.assign(forge, { [method]: look });
        const seen = await look(...args);
        clock.ms += MINUTE;
        await restarted().flush();
        return seen;
      },
    });
    await outbox.flush();
    clock.ms += 10 * MINUTE;
    await restarted().flush();
    assert.equal(forge.said.length + forge.reviewed.length, 1);
    assert.equal(await store.pendingEffects(), 0);
  });
}

for (const action of [{ kind: "time", ...time }, { kind: "stopwatch" }] as const) {
  test(`a process that was stopped amid a ${action.kind} does not do it after another has`, async (t) => {
    const { store, forge, outbox, clock, add, restarted } = await openOutboxDesk(t);
    const done: string[] = [];
    const stop = async (stillOurs: StillOurs) => {
      const isFirst = clock.ms === start;
      clock.ms += isFirst ? MINUTE : 0;
      if (isFirst) await restarted().flush();
      stillOurs();
      done.push(isFirst ? "stopped" : "other");
    };
    const start = clock.ms;
    forge.bookTime = async (_repo, _issue, _entry, stillOurs) => {
      await stop(stillOurs);
      return "booked";
    };
    forge.startStopwatch = async (_repo, _issue, stillOurs) => await stop(stillOurs);
    await add({ a: action });
    await outbox.flush();
    assert.deepEqual(done, ["other"]);
    assert.equal(await store.pendingEffects(), 0);
  });
}

test("a forge that was silent may still do what it was asked: it is looked for a minute later", async (t) => {
  const { forge, outbox, clock, add } = await openOutboxDesk(t);
  const post = forge.comment.bind(forge);
  forge.comment = async (repo, issue, body) => {
    clock.ms += 20 * SECOND;
    forge.comment = post;
    late = () => post(repo, issue, body, ours);
    throw new ForgeError("posting: it did not answer in time", 0, true);
  };
  let late: () => Promise<unknown> = async () => {};
  await add({ a: comment("one") });
  await outbox.flush();
  clock.ms += 50 * SECOND;
  await outbox.flush();
  await late();
  clock.ms += 10 * SECOND;
  await outbox.flush();
  assert.equal(forge.said.length, 1);
});

test("an answer on an issue of two thousand comments is found and not said again", async (t) => {
  const { forge, clock, add, doomed, restarted } = await openOutboxDesk(t);
  const repo = { forge: "codeberg", owner: "acme", name: "shop" };
  await add({ a: comment("one") });
  await doomed().flush();
  for (let count = 0; count < 2_000; count += 1)
    forge.addComment(repo, 15, { id: 7, login: "octocat" }, "+1");
  clock.ms += MINUTE;
  await restarted().flush();
  assert.equal(forge.said.length, 2_001);
});

test("two processes that deliver at once say everything once and in order", async (t) => {
  const { store, forge, outbox, add, restarted } = await openOutboxDesk(t);
  const issues = Array.from({ length: 30 }, (_, at) => at + 1);
  for (const issue of issues)
    for (const part of ["one", "two", "three"]) await add({ [`${issue} ${part}`]: comment(part) }, issue);
  const second = restarted();
  while ((await store.pendingEffects()) > 0) await Promise.all([outbox.flush(), second.flush()]);
  for (const issue of issues) {
    const said = forge.said.filter((one) => one.issue === issue).map(({ body }) => body.split("\n")[0]);
    assert.deepEqual(said, ["one", "two", "three"]);
  }
});

test("deliveries that we end ourselves are no silence of the forge's", async (t) => {
  const { forge, outbox, clock, add, logged } = await openOutboxDesk(t);
  forge.bookTime = async (_repo, _issue, _entry, stillOurs) => {
    clock.ms += MINUTE;
    stillOurs();
    return "booked";
  };
  for (let issue = 1; issue <= 8; issue += 1)
    await add({ [`time ${issue}`]: { kind: "time", ...time } }, issue);
  await add({ after: comment("not held up") }, 9);
  await outbox.flush();
  assert.equal(forge.said.length, 1);
  assert.ok(logged.every(({ msg }) => msg === "effect put off"));
});
