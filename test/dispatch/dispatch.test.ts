import assert from "node:assert/strict";
import { test } from "node:test";
import { dispatch, read } from "../../src/dispatch/dispatch.ts";
import { isFinal } from "../../src/dispatch/failure.ts";
import { ForgeError } from "../../src/model/errors.ts";
import type { Settled, Store } from "../../src/store/store.ts";
import { openDesk } from "./desk.ts";
import { ALICE, comment, EVE } from "./happenings.ts";

/** The first settlements find that something moved in between. */
function moving(times: number): { readonly store: (store: Store) => Store; readonly settled: Settled[] } {
  const settled: Settled[] = [];
  return {
    settled,
    store: (store) => ({
      ...store,
      async settle(settlement) {
        settled.push(settled.length < times ? "conflict" : await store.settle(settlement));
        return settled.at(-1) as Settled;
      },
    }),
  };
}

test("a comment with a command becomes a queued run and a word on the issue, in one settlement", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(comment("/dispatch other Round half up"));
  const run = await desk.run();
  assert.deepEqual([run?.state, run?.request.agent, run?.request.task], ["queued", "other", "Round half up"]);
  const kinds = (await desk.effects()).map(({ action }) => action.kind);
  assert.deepEqual(kinds, ["react", "status"]);
  assert.deepEqual(await desk.store.nextDeliveries(10), []);
});

test("the issue and the trigger are kept as they were told, not as they become", async (t) => {
  const desk = await openDesk(t);
  const event = comment("/dispatch");
  await desk.happen(event);
  const run = await desk.run();
  assert.deepEqual(run?.issue, event.issue);
  assert.deepEqual(run?.trigger, {
    kind: "comment",
    by: ALICE,
    commentId: event.commentId,
    label: null,
    at: event.at,
  });
});

test("a delivery of a forge that is not configured any more is set aside with the reason", async (t) => {
  const desk = await openDesk(t);
  const delivery = await desk.receive(comment("/dispatch"));
  assert.equal(await read(delivery, { ...desk.deps, forges: new Map() }), null);
  assert.deepEqual(await desk.store.nextDeliveries(10), []);
  assert.match(String(desk.logged.at(-1)?.reason), /no forge named codeberg is configured any more/);
});

test("a payload nobody can read is set aside, and what came behind it is read", async (t) => {
  const desk = await openDesk(t);
  const broken = { id: "broken", forge: "codeberg", event: "issues", body: "{", receivedAt: 1 };
  await desk.store.receive(broken);
  await desk.receive(comment("/dispatch help"));
  assert.equal(await read(broken, desk.deps), null);
  assert.deepEqual(
    (await desk.store.nextDeliveries(10)).map(({ id }) => id).filter((id) => id === "broken"),
    [],
  );
  assert.equal((await desk.store.nextDeliveries(10)).length, 1);
});

test("a delivery that concerns nobody is settled without a word", async (t) => {
  const desk = await openDesk(t);
  await desk.happen();
  assert.deepEqual(await desk.store.nextDeliveries(10), []);
  assert.deepEqual(await desk.effects(), []);
});

test("the same happening under another delivery id is settled and does nothing", async (t) => {
  const desk = await openDesk(t);
  const event = comment("/dispatch help");
  await desk.happen(event);
  await desk.happen(event);
  assert.equal((await desk.replies()).length, 1);
  assert.deepEqual(await desk.store.nextDeliveries(10), []);
});

test("when something moved in between, the events are decided anew and settled once", async (t) => {
  const { store, settled } = moving(4);
  const desk = await openDesk(t, { store });
  await desk.happen(comment("/dispatch"));
  assert.deepEqual(settled, ["conflict", "conflict", "conflict", "conflict", "done"]);
  assert.equal((await desk.store.runs({})).length, 1);
});

test("an issue that does not stop moving makes it throw, and the delivery stays", async (t) => {
  const { store } = moving(100);
  const desk = await openDesk(t, { store });
  await assert.rejects(desk.happen(comment("/dispatch")), /the issue's run kept moving/);
  assert.equal((await desk.store.nextDeliveries(10)).length, 1);
});

test("a second run that appears between reading and settling turns the command into a refusal", async (t) => {
  let first = true;
  const desk = await openDesk(t, {
    store: (store) => ({
      ...store,
      async activeRun(repo, issue) {
        const seen = await store.activeRun(repo, issue);
        if (first) {
          first = false;
          await desk.happen(comment("/dispatch other"));
        }
        return seen;
      },
    }),
  });
  await desk.happen(comment("/dispatch"));
  assert.deepEqual(
    (await desk.store.runs({})).map(({ request }) => request.agent),
    ["other"],
  );
  assert.match((await desk.replies())[0] ?? "", /is here already/);
});

test("a forge that does not answer leaves the delivery for later, with nothing written", async (t) => {
  const desk = await openDesk(t);
  desk.forge.fail("access", new ForgeError("asking: no answer", 0, true));
  const parsed = await read(await desk.receive(comment("/dispatch")), desk.deps);
  assert.ok(parsed);
  await assert.rejects(dispatch(parsed, desk.deps), /no answer/);
  assert.deepEqual([await desk.effects(), await desk.run()], [[], null]);
  await dispatch(parsed, desk.deps);
  assert.equal((await desk.run())?.state, "queued");
});

test("several events of one delivery are answered in their order", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(comment("/dispatch help", { by: EVE }), comment("/dispatch help"));
  const replies = await desk.replies();
  assert.equal(replies.length, 2);
  assert.match(replies[0] ?? "", /may not command/);
});

test("final is what no later try can mend; a token can be renewed, and the rest may pass", () => {
  const final = (status: number, retryable: boolean) => isFinal(new ForgeError("x", status, retryable));
  assert.deepEqual(
    [final(404, false), final(403, false), final(401, false), final(503, true), isFinal(new Error("x"))],
    [true, true, false, false, false],
  );
});
