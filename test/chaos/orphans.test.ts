/** What is left on a bot's disk. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "./book-facts.ts";
import { orphans } from "./orphans.ts";

const TASK = "workspace/forgejo/acme/app/task-1";
const MIRROR = "data/mirrors/forgejo/acme/app.git";
const COLLECTED = "data/mirrors/forgejo/acme/app/task-1.git";

const left = (files: readonly string[], pins: readonly string[] = [], runs = [run()]) =>
  orphans({ files, everywhere: files, pins: pins.map((id) => ({ mirror: MIRROR, run: id })) }, runs);

test("the workspace of a run, its checkout, its collected work and its pin are no orphans", () => {
  const files = [TASK, `${TASK}/repo`, `${TASK}/.logs`, "workspace/forgejo/acme/app", COLLECTED, MIRROR];
  assert.deepEqual(left(files, ["r1"]), []);
});

test("a workspace of an issue that no run has is an orphan", () => {
  const [found, ...more] = left([
    TASK,
    "workspace/forgejo/acme/app/task-12",
    "workspace/forgejo/acme/docs/pr-1",
  ]);
  assert.match(found ?? "", /no run has: .*app\/task-12$/);
  assert.equal(more.length, 1);
});

test("half a checkout is an orphan only beside a whole one", () => {
  const spare = "workspace/.spares/forgejo/acme/app";
  assert.deepEqual(left([TASK, `${TASK}/.unfinished`, `${spare}/.unfinished`]), []);
  assert.equal(left([TASK, `${TASK}/.unfinished`, `${TASK}/repo`]).length, 1);
  assert.equal(left([`${spare}/.unfinished`, `${spare}/ready`]).length, 1);
});

test("work put aside is an orphan once the run is published, not when that was broken off", () => {
  assert.equal(left([COLLECTED, `${COLLECTED}.before`]).length, 1);
  assert.equal(left([`${COLLECTED}.before.gone`]).length, 1);
  const moved = { from: "publishing", to: "queued", attempt: 1, at: 5500, detail: null } as const;
  assert.deepEqual(left([`${COLLECTED}.before`], [], [run({ events: [...run().events, moved] })]), []);
});

test("a commit kept for an unknown run, or for one whose workspace is gone, is an orphan", () => {
  assert.equal(left([TASK], ["r1", "r2"]).length, 1);
  assert.equal(left([MIRROR], ["r1"]).length, 1);
});

test("records of the runtime, locks of mirrors and what lies in the trash are orphans", () => {
  const files = ["data/native/r1.1.json", "data/native/r1.1.json.new", `${MIRROR}/config.lock`];
  assert.equal(left([...files, "workspace/.trash/xAbc", "data/native/alive"]).length, 4);
});
