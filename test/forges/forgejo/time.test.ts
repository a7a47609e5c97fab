import assert from "node:assert/strict";
import { test } from "node:test";
import type { TimeEntry } from "../../../src/forges/forge.ts";
import { ours } from "../../fakes/forge.ts";
import { openForgejo } from "./world.ts";

const END = Date.parse("2026-11-01T10:00:00.900Z");

function entry(seconds: number, endedAt = END): TimeEntry {
  return { key: "run/1", seconds, startedAt: endedAt - seconds * 1000, endedAt, sha: null, ok: true };
}

test("the clock runs on the issue while the agent works, and its own seconds are not booked", async (t) => {
  const { world, forge, name, ref, issue } = await openForgejo(t);
  await forge.startStopwatch(ref, issue, ours);
  assert.deepEqual(await world.runningStopwatches("dispatch-bot"), ["acme/app#1"]);
  assert.equal(await forge.bookTime(ref, issue, entry(3725), ours), "booked");
  assert.deepEqual(await world.runningStopwatches("dispatch-bot"), []);
  assert.deepEqual(await world.bookedTime(name, issue), [{ seconds: 3725, by: "dispatch-bot" }]);
});

test("a clock that runs elsewhere goes on, and no time is booked by it", async (t) => {
  const { world, forge, name, ref, issue } = await openForgejo(t);
  const other = await world.openIssue(name, { by: "acme", title: "Other", body: "" });
  await forge.startStopwatch(ref, other, ours);
  await forge.startStopwatch(ref, issue, ours);
  assert.deepEqual(await world.runningStopwatches("dispatch-bot"), ["acme/app#2"]);
  assert.equal(await forge.bookTime(ref, issue, entry(5), ours), "booked");
  assert.deepEqual(await world.runningStopwatches("dispatch-bot"), ["acme/app#2"]);
  assert.deepEqual(await world.bookedTime(name, other), []);
});

test("with time tracking off there is no clock, and the time stands in the comment", async (t) => {
  const { world, local, forge, name, ref, issue } = await openForgejo(t);
  assert.equal((await forge.repository(ref)).timeTracking, true);
  local.setTimeTracking(name, false);
  assert.equal((await forge.repository(ref)).timeTracking, false);
  await forge.startStopwatch(ref, issue, ours);
  assert.equal(await forge.bookTime(ref, issue, entry(5), ours), "shown in the comment");
  local.setTimeTracking(name, true);
  assert.deepEqual(await world.bookedTime(name, issue), []);
});

test("no seconds are not booked, but the clock is ended", async (t) => {
  const { world, forge, name, ref, issue } = await openForgejo(t);
  await forge.startStopwatch(ref, issue, ours);
  assert.equal(await forge.bookTime(ref, issue, entry(0), ours), "shown in the comment");
  assert.deepEqual(await world.bookedTime(name, issue), []);
  assert.deepEqual(await world.runningStopwatches("dispatch-bot"), []);
});

test("another person's time of that second and length is not taken for the bot's", async (t) => {
  const { world, forge, name, ref, issue } = await openForgejo(t);
  const acme = world.local.issue(name, issue).by;
  const url = `${world.url}/api/v1/repos/acme/app/issues/${issue}/times`;
  const body = JSON.stringify({ time: 60, created: new Date(END).toISOString(), user_name: "dispatch-bot" });
  const headers = { authorization: `token ${acme.token}`, "content-type": "application/json" };
  assert.equal((await fetch(url, { method: "POST", headers, body })).status, 200);
  assert.equal(await forge.bookTime(ref, issue, entry(60), ours), "booked");
  const booked = await world.bookedTime(name, issue);
  assert.deepEqual(
    booked.map(({ by }) => by),
    ["acme", "dispatch-bot"],
  );
});

test("an attempt is found again among more entries than fit on a page", async (t) => {
  const { world, forge, name, ref, issue } = await openForgejo(t);
  await forge.bookTime(ref, issue, entry(9), ours);
  for (let at = 1; at <= 60; at++) await forge.bookTime(ref, issue, entry(9, END + at * 10_000), ours);
  await forge.bookTime(ref, issue, entry(9), ours);
  await forge.bookTime(ref, issue, entry(9, END + 600_000), ours);
  assert.equal((await world.bookedTime(name, issue)).length, 61);
});

test("a booking that fails half way is not lost: it can be asked for again", async (t) => {
  const { world, forge, name, ref, issue } = await openForgejo(t);
  world.fail("POST", /\/times$/, 502, { times: 1 });
  await assert.rejects(
    forge.bookTime(ref, issue, entry(30), ours),
    /booking time on acme\/app#1: .* answered 502/,
  );
  assert.equal(await forge.bookTime(ref, issue, entry(30), ours), "booked");
  assert.deepEqual(await world.bookedTime(name, issue), [{ seconds: 30, by: "dispatch-bot" }]);
});

test("two runs that start together begin one clock between them, and book nothing by it", async (t) => {
  const { world, forge, name, ref, issue } = await openForgejo(t);
  const other = await world.openIssue(name, { by: "acme", title: "Other", body: "" });
  await Promise.all([forge.startStopwatch(ref, issue, ours), forge.startStopwatch(ref, other, ours)]);
  assert.deepEqual(await world.runningStopwatches("dispatch-bot"), ["acme/app#1"]);
  assert.deepEqual(await world.bookedTime(name, issue), []);
  assert.deepEqual(await world.bookedTime(name, other), []);
});

test("nothing is booked, and no clock started, by who finds between looking and doing that another may have", async (t) => {
  const { world, forge, name, ref, issue } = await openForgejo(t);
  const stopped = async () => await forge.bookTime(ref, issue, entry(30), ours);
  let booked: Promise<unknown> = Promise.resolve();
  const notOurs = () => {
    booked = stopped();
    throw new Error("not ours any more");
  };
  await assert.rejects(forge.bookTime(ref, issue, entry(30), notOurs), /not ours/);
  await booked;
  assert.deepEqual(await world.bookedTime(name, issue), [{ seconds: 30, by: "dispatch-bot" }]);
  await assert.rejects(forge.startStopwatch(ref, issue, notOurs), /not ours/);
  await booked;
  assert.deepEqual(await world.runningStopwatches("dispatch-bot"), []);
});
