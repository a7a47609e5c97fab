/** Forgejo's webhooks tell a set of labels and who changed it last, who need not be who put on the one that commands. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ForgeError } from "../../src/model/errors.ts";
import type { LabelsChanged } from "../../src/model/event.ts";
import { openDesk } from "./desk.ts";
import { ALICE, EVE, labels } from "./happenings.ts";

const LABEL = "dispatch:other";
const SCRIPTED = "dispatch:scripted";
const DAY = 24 * 3_600;
const time = (seconds: number) => 1_000_000_000 + seconds * 1000;
const told = (all: readonly string[], seconds: number, by: LabelsChanged["by"] = ALICE) => ({
  ...labels(null, all),
  at: time(seconds),
  by,
});
const found = (label: string, all: readonly string[], seconds: number, by: LabelsChanged["by"] = ALICE) => ({
  ...told(all, seconds, by),
  added: label,
});
const put = (label: string, by: LabelsChanged["by"], seconds: number) => ({ label, by, at: time(seconds) });

test("a label whose webhook was lost is judged by who put it on, not by who touches another one", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(told(["bug"], 0));
  desk.forge.labelings.push(put(LABEL, ALICE, 30));
  await desk.happen(told(["bug", LABEL, "later"], 60, EVE));
  const trigger = (await desk.run())?.trigger;
  assert.deepEqual([trigger?.by.login, trigger?.at], ["alice", time(30)]);
  await desk.happen(found(LABEL, ["bug", LABEL, "later"], 30));
  assert.deepEqual([(await desk.store.runs({})).length, await desk.replies()], [1, []]);
});

test("a label that one who may not put on is refused, though one who may touches another", async (t) => {
  const desk = await openDesk(t);
  desk.forge.labelings.push(put(LABEL, EVE, 30));
  await desk.happen(told([LABEL, "later"], 60));
  assert.equal((await desk.store.runs({})).length, 0);
  assert.equal((await desk.replies()).length, 1);
});

test("where nobody can tell who it was, the one who may not is not refused: the issue is told what to do", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(told(["bug"], 0));
  await desk.happen(told(["bug", LABEL, "later"], 60, EVE));
  // Nor is it left unsaid when the bot itself took off another label.
  await desk.happen({ ...told([SCRIPTED], 90, { ...desk.forge.bot, bot: true }) });
  const replies = await desk.replies();
  assert.equal((await desk.store.runs({})).length, 0);
  assert.deepEqual(
    replies.map((body) => /^Nothing was started: (\S+) was put on .*\nTake the label off/s.exec(body)?.[1]),
    [LABEL, SCRIPTED],
  );
});

test("where nobody can tell who it was, one who may starts it", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(told(["bug"], 0));
  await desk.happen(told(["bug", LABEL, "later"], 60));
  assert.equal((await desk.store.runs({})).length, 1);
});

test("a label that alone was added is the sender's, also when the forge cannot be asked", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(told(["bug"], 0));
  desk.forge.fail("labeledBy", new ForgeError("reading the timeline: down", 503, true));
  await desk.happen(told(["bug", LABEL], 60, EVE));
  assert.match((await desk.replies())[0] ?? "", /permission|may not|write/i);
});

test("a forge that is down is asked again for who put it on among others, but not for ever", async (t) => {
  const desk = await openDesk(t);
  const down = new ForgeError("reading the timeline: down", 503, true);
  desk.clock.ms = time(60);
  desk.forge.fail("labeledBy", down, down);
  const event = told([LABEL, "later"], 60);
  await assert.rejects(desk.happen(event), down);
  assert.equal((await desk.store.runs({})).length, 0);
  desk.clock.ms += 3_600_000;
  await desk.happen(event);
  assert.equal((await desk.store.runs({})).length, 1);
});

test("of two labels by two people each is judged for its own, one with the next event of the issue", async (t) => {
  const desk = await openDesk(t);
  desk.forge.labelings.push(put(LABEL, ALICE, 30), put(SCRIPTED, EVE, 60));
  await desk.happen(told([LABEL, SCRIPTED, "sooner"], 75, EVE));
  assert.equal((await desk.run())?.trigger.by.login, "alice");
  assert.deepEqual(await desk.replies(), []);
  await desk.happen(told([SCRIPTED], 90, { ...desk.forge.bot, bot: true }));
  assert.equal((await desk.replies()).length, 1);
  await desk.happen(told([SCRIPTED, "later"], 120));
  assert.deepEqual([(await desk.store.runs({})).length, (await desk.replies()).length], [1, 1]);
});

test("of two labels that one person put on one after the other, each is a command, whichever event tells both", async (t) => {
  const desk = await openDesk(t);
  desk.forge.labelings.push(put(LABEL, ALICE, 30), put(SCRIPTED, ALICE, 60));
  await desk.happen(told([SCRIPTED, LABEL, "sooner"], 90, EVE));
  assert.deepEqual([(await desk.run())?.trigger.label, await desk.replies()], [LABEL, []]);
  await desk.happen(told([SCRIPTED, LABEL, "later"], 120, EVE));
  await desk.happen(found(SCRIPTED, [SCRIPTED, LABEL, "later"], 60));
  const replies = await desk.replies();
  assert.match(replies[0] ?? "", /^A run is here already/);
  assert.deepEqual([(await desk.store.runs({})).length, replies.length], [1, 1]);
});

test("of two labels that were put on at once, the first is the command", async (t) => {
  const desk = await openDesk(t);
  desk.forge.labelings.push(put(LABEL, ALICE, 60), put(SCRIPTED, ALICE, 60));
  await desk.happen(told([LABEL, SCRIPTED], 60));
  await desk.happen(found(SCRIPTED, [LABEL, SCRIPTED], 60));
  assert.deepEqual([(await desk.run())?.trigger.label, await desk.replies()], [LABEL, []]);
});

test("a label that stood on the issue for longer than anybody waits starts nothing when another is touched", async (t) => {
  const desk = await openDesk(t);
  desk.forge.labelings.push(put(LABEL, ALICE, -8 * DAY));
  await desk.happen(told([LABEL, "later"], 60));
  assert.deepEqual([(await desk.store.runs({})).length, await desk.replies()], [0, []]);
});
