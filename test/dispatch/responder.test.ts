import assert from "node:assert/strict";
import { test } from "node:test";
import type { Effect } from "../../src/model/effect.ts";
import { ForgeError } from "../../src/model/errors.ts";
import { openDesk } from "./desk.ts";
import { ALICE, closed, comment, EVE, labels } from "./happenings.ts";

const reactions = (effects: readonly Effect[]) =>
  effects.flatMap(({ action }) => (action.kind === "react" ? [action.reaction] : []));

test("the bot does not listen to itself, whatever it says", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(comment("/dispatch", { by: { ...desk.forge.bot, bot: true } }));
  assert.deepEqual([await desk.run(), await desk.effects()], [null, []]);
});

test("a comment without a command is not even a question to the forge", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(comment("Could `/dispatch` do this?", { by: EVE }));
  assert.ok(!desk.forge.calls.includes("access"));
  assert.deepEqual(await desk.effects(), []);
});

test("a denied command gets one reason and no reaction, and starts nothing", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(comment("/dispatch cancel\n/dispatch", { by: EVE }));
  assert.equal(await desk.run(), null);
  const effects = await desk.effects();
  assert.deepEqual(
    effects.map(({ action }) => action.kind),
    ["comment"],
  );
});

test("outside the list of repositories there is silence", async (t) => {
  const desk = await openDesk(t, {
    change: (config) => ({ ...config, permission: { ...config.permission, repositories: ["acme/site"] } }),
  });
  await desk.happen(comment("/dispatch"));
  assert.deepEqual([await desk.run(), await desk.effects()], [null, []]);
});

test("a command that cannot be read gets a reaction of its own, one reply, and nothing is started", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(comment("/dispatch --colour red do it"));
  assert.deepEqual(reactions(await desk.effects()), ["confused"]);
  assert.match((await desk.replies())[0] ?? "", /could not read/);
  assert.equal(await desk.run(), null);
});

test("two commands of one comment are done in order: the queued run is cancelled, and another begins", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(comment("/dispatch"));
  const first = await desk.run();
  await desk.happen(comment("/dispatch cancel\n/dispatch other"));
  const second = await desk.run();
  assert.notEqual(second?.id, first?.id);
  assert.deepEqual([second?.state, second?.request.agent], ["queued", "other"]);
  assert.equal((await desk.store.run(first?.id ?? ""))?.state, "cancelled");
  assert.match((await desk.replies())[0] ?? "", /Cancelled\*\* by alice/);
});

test("with a working run, cancel and dispatch in one comment stop it, and say that it is still there", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(comment("/dispatch"));
  const { run } = await desk.work("running");
  await desk.happen(comment("/dispatch cancel\n/dispatch other"));
  assert.deepEqual((await desk.store.run(run.id))?.cancelledBy, ALICE_ONLY);
  assert.match((await desk.replies())[0] ?? "", /is here already/);
  assert.equal((await desk.store.runs({})).length, 1);
});

const ALICE_ONLY = { id: ALICE.id, login: ALICE.login, bot: false };

test("cancelling nothing frees nothing: the dispatch behind it is a first one", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(comment("/dispatch cancel\n/dispatch"));
  assert.match((await desk.replies())[0] ?? "", /nothing to cancel/);
  assert.equal((await desk.run())?.state, "queued");
});

test("help and status in one comment get a reply each, and one reaction", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(comment("/dispatch help\n/dispatch status"));
  assert.equal((await desk.replies()).length, 2);
  assert.deepEqual(reactions(await desk.effects()), ["eyes"]);
});

test("a label that is added starts the agent it names; there is nothing to react to", async (t) => {
  const desk = await openDesk(t, { kind: "github" });
  await desk.happen(labels("dispatch:other:fast", ["bug", "dispatch:other:fast"]));
  const run = await desk.run();
  assert.deepEqual([run?.request.agent, run?.trigger.label], ["other:fast", "dispatch:other:fast"]);
  assert.deepEqual(reactions(await desk.effects()), []);
});

test("where the added label is told, those that stood there before start nothing", async (t) => {
  const desk = await openDesk(t, { kind: "github" });
  await desk.happen(labels("bug", ["bug", "dispatch:other"]));
  assert.equal(await desk.run(), null);
});

test("where only the whole set is told, what was not there before counts as added, once", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(labels(null, ["bug"]));
  await desk.happen(labels(null, ["bug", "dispatch/other"]));
  assert.equal((await desk.run())?.request.agent, "other");
  await desk.happen(comment("/dispatch cancel"));
  await desk.happen(labels(null, ["bug", "dispatch/other", "later"]));
  assert.equal((await desk.store.runs({})).length, 1);
  await desk.happen(labels(null, ["bug"]));
  await desk.happen(labels(null, ["bug", "dispatch/other"]));
  assert.equal((await desk.store.runs({})).length, 2);
});

test("labels are remembered also when who put them there may not command", async (t) => {
  const desk = await openDesk(t);
  await desk.happen({ ...labels(null, ["dispatch:other"]), by: EVE });
  assert.equal((await desk.replies()).length, 1);
  await desk.happen(labels(null, ["dispatch:other", "bug"]));
  assert.equal(await desk.run(), null);
});

test("a label that is taken away, or is no command, starts nothing", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(labels(null, ["dispatcher", "dispatch:"]));
  await desk.happen(labels(null, []));
  assert.deepEqual([await desk.run(), await desk.effects()], [null, []]);
});

test("a label for an unknown agent is answered with those there are", async (t) => {
  const desk = await openDesk(t, { kind: "github" });
  await desk.happen(labels("dispatch:nobody", ["dispatch:nobody"]));
  assert.match((await desk.replies())[0] ?? "", /no agent `nobody`.*`scripted`/);
});

test("closing an issue cancels the run that waits for it, with an answer; who closes needs no permission", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(labels("dispatch:other", ["dispatch:other"]));
  await desk.happen(closed());
  assert.equal((await desk.run())?.state, "cancelled");
  const kinds = (await desk.effects()).map(({ action }) => action.kind);
  assert.deepEqual(kinds, ["status", "comment", "unlabel"]);
  assert.match((await desk.replies())[0] ?? "", /Cancelled\*\* by eve/);
});

test("closing an issue leaves a working run to end, and is silent where there is none", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(closed());
  await desk.happen(comment("/dispatch"));
  const { run } = await desk.work("running");
  await desk.happen(closed());
  const now = await desk.store.run(run.id);
  assert.deepEqual([now?.state, now?.cancelledBy], ["running", null]);
});

test("an issue's closing that is told late does not cancel what was asked for after it", async (t) => {
  const desk = await openDesk(t);
  const before = closed();
  await desk.happen(comment("/dispatch"));
  await desk.happen(before);
  assert.equal((await desk.run())?.state, "queued");
});

test("closing an issue cancels a run that waits for an answer", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(comment("/dispatch"));
  await desk.work("running", "publishing", "blocked");
  await desk.happen(closed());
  assert.equal((await desk.run())?.state, "cancelled");
});

test("when whoever commands cannot be asked about, one sentence without detail is said, and the log has the rest", async (t) => {
  const desk = await openDesk(t);
  desk.forge.fail("access", new ForgeError("asking for a secret place: forbidden", 403, false));
  await desk.happen(comment("/dispatch", { by: EVE }));
  const replies = await desk.replies();
  assert.equal(replies.length, 1);
  assert.match(replies[0] ?? "", /something is wrong on my side/);
  assert.doesNotMatch(replies[0] ?? "", /secret place/);
  assert.ok(desk.logged.some(({ reason }) => /secret place/.test(String(reason))));
});

test("a label the bot took off counts again when it is put on again", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(labels(null, ["dispatch/other"]));
  await desk.work("running", "publishing", "completed");
  await desk.happen({ ...labels(null, []), by: { ...desk.forge.bot, bot: true } });
  await desk.happen(labels(null, ["dispatch/other"]));
  assert.equal((await desk.store.runs({})).length, 2);
});

test("on an issue seen for the first time, a label beside others starts one run", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(labels(null, ["bug", "dispatch/other"]));
  await desk.happen(labels(null, ["bug", "dispatch/other", "later"]));
  assert.equal((await desk.store.runs({})).length, 1);
  assert.deepEqual(await desk.replies(), []);
});

test("an issue opened with labels starts the agent one of them names", async (t) => {
  const desk = await openDesk(t);
  const opened = labels(null, ["bug", "dispatch/other"]);
  await desk.happen({ ...opened, issue: { ...opened.issue, author: ALICE } });
  assert.equal((await desk.run())?.request.agent, "other");
});

test("the labels a comment tells are remembered, but for those that command", async (t) => {
  const desk = await openDesk(t);
  const said = comment("Hello");
  await desk.happen({ ...said, issue: { ...said.issue, labels: ["dispatch/other"] } });
  assert.equal(await desk.store.labels(said.repo, 15), null);
  await desk.happen({ ...comment("Hello"), issue: { ...said.issue, labels: ["bug"] } });
  await desk.happen(labels(null, ["bug", "dispatch/other"]));
  assert.equal((await desk.run())?.request.agent, "other");
});
