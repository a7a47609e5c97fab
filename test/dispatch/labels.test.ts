/** One adding of a label may be told several times and in any order; it is served once, and nothing is refused twice. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { LabelsChanged } from "../../src/model/event.ts";
import { type DispatchDesk, openDesk } from "./desk.ts";
import { EVE, labels } from "./happenings.ts";

const LABEL = "dispatch:other";
const START = 1_000_000;

const at = (event: LabelsChanged, seconds: number) => ({ ...event, at: START + seconds * 1000 });
/** As a webhook of Forgejo tells it: the whole set. */
const told = (all: readonly string[], seconds: number) => at(labels(null, all), seconds);
/** As a look back tells it, under a key of its own, and as each of GitHub's webhooks. */
const found = (all: readonly string[], seconds: number, label = LABEL) => at(labels(label, all), seconds);

const runs = async ({ store }: DispatchDesk) => (await store.runs({})).length;

/** A desk on which a label was served at second 0 and its run has ended. */
async function served(t: TestContext, kind: "forgejo" | "github" = "forgejo"): Promise<DispatchDesk> {
  const desk = await openDesk(t, { kind });
  await desk.happen(kind === "forgejo" ? told([LABEL], 0) : found([LABEL], 0));
  await desk.work("running", "publishing", "completed");
  assert.equal(await runs(desk), 1);
  return desk;
}

test("a label that a look back finds while its run works says nothing", async (t) => {
  for (const kind of ["forgejo", "github"] as const) {
    const desk = await openDesk(t, { kind });
    await desk.happen(found([LABEL], 0));
    await desk.happen(found([LABEL], kind === "github" ? 2 : 0));
    assert.deepEqual([await runs(desk), await desk.replies()], [1, []]);
  }
});

test("a label that is put on again while its run waits or works is answered, once", async (t) => {
  for (const kind of ["forgejo", "github"] as const) {
    const desk = await openDesk(t, { kind });
    const put = (seconds: number) =>
      desk.happen(kind === "forgejo" ? told([LABEL], seconds) : found([LABEL], seconds));
    await put(0);
    // GitHub's taking off tells us nothing.
    if (kind === "forgejo") await desk.happen(told([], 3_600));
    await put(7_200);
    await desk.happen(found([LABEL], 7_200));
    const [busy = "", ...more] = await desk.replies();
    assert.match(busy, /^A run is here already/);
    assert.deepEqual([await runs(desk), more], [1, []]);
  }
});

test("a label that was served and is found after its run has ended starts none", async (t) => {
  const desk = await served(t);
  await desk.happen(found([LABEL], 0));
  assert.deepEqual([await runs(desk), await desk.replies()], [1, []]);
});

test("a served label that the bot took off meanwhile starts none, and counts when it comes again", async (t) => {
  const desk = await served(t);
  await desk.happen(told([], 60));
  await desk.happen(found([LABEL], 0));
  assert.equal(await runs(desk), 1);
  await desk.happen(told([LABEL], 61));
  assert.equal(await runs(desk), 2);
});

test("a webhook that comes after the look back found its label starts none, however late it is", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(found([LABEL], 0));
  await desk.happen(told([LABEL], 0));
  await desk.work("running", "publishing", "completed");
  await desk.happen(told([], 60));
  await desk.happen(told([LABEL], 1));
  assert.deepEqual([await runs(desk), await desk.replies()], [1, []]);
});

test("a label put on again after its taking off was missed is found by the look back", async (t) => {
  const desk = await served(t);
  await desk.happen(told([LABEL], 60));
  assert.equal(await runs(desk), 1);
  await desk.happen(found([LABEL], 60));
  assert.equal(await runs(desk), 2);
});

test("a label that was refused is not refused again when a look back finds it", async (t) => {
  const desk = await openDesk(t);
  await desk.happen({ ...told([LABEL], 0), by: EVE });
  await desk.happen({ ...found([LABEL], 0), by: EVE });
  assert.deepEqual([await runs(desk), (await desk.replies()).length], [0, 1]);
});

test("a second label of one event is not served later because a look back finds it", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(told([LABEL, "dispatch:scripted"], 0));
  await desk.happen(found([LABEL, "dispatch:scripted"], 0, "dispatch:scripted"));
  assert.deepEqual([await runs(desk), await desk.replies()], [1, []]);
});

test("github's timeline and webhook may tell one adding with times a moment apart", async (t) => {
  const desk = await openDesk(t, { kind: "github" });
  for (const seconds of [0, 2]) await desk.happen({ ...found([LABEL], seconds), by: EVE });
  assert.equal((await desk.replies()).length, 1);
  await desk.happen({ ...found([LABEL], 60), by: EVE });
  assert.equal((await desk.replies()).length, 2);
});

test("a label that is put on again right after its run has ended starts another", async (t) => {
  const desk = await served(t, "github");
  await desk.happen(found([LABEL], 1));
  assert.equal(await runs(desk), 2);
});

test("runs of an earlier version, which remembered no more than the labels, are served ones too", async (t) => {
  const desk = await served(t);
  const { store } = desk;
  const [run] = await store.runs({});
  assert.ok(run);
  const forgetful = { kind: "labels", repo: run.repo, issue: 15, labels: [LABEL] } as const;
  const delivery = { id: "earlier", forge: run.repo.forge, event: "any", body: "[]", receivedAt: 1 };
  await store.receive(delivery);
  await store.settle({ delivery, keys: [], changes: [forgetful], effects: [] });
  await desk.happen(found([LABEL], 0));
  assert.equal(await runs(desk), 1);
});

test("a late webhook does not bring back a set that is gone", async (t) => {
  const desk = await openDesk(t);
  await desk.happen(told(["bug"], 60));
  await desk.happen(told(["bug", LABEL], 30));
  assert.equal(await runs(desk), 0);
  await desk.happen(told(["bug", LABEL], 90));
  assert.equal(await runs(desk), 1);
});
