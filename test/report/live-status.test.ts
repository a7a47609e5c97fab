import assert from "node:assert/strict";
import { test } from "node:test";
import type { NewEffect } from "../../src/model/effect.ts";
import type { Run } from "../../src/model/run.ts";
import { createLiveStatus, type LiveStatus } from "../../src/report/live-status.ts";
import { sampleRun } from "./sample-run.ts";

interface Scene {
  readonly live: LiveStatus;
  readonly sent: string[];
  readonly errors: unknown[];
  readonly clock: { ms: number };
  stored: Run | null;
  broken: boolean;
}

const running = sampleRun({ state: "running" });

function openScene(everyMs: number): Scene {
  const scene = {
    sent: [] as string[],
    errors: [] as unknown[],
    clock: { ms: running.queuedAt + 60_000 },
    stored: sampleRun({ state: "running" }) as Run | null,
    broken: false,
  };
  const addEffects = async (effects: readonly NewEffect[]) => {
    if (scene.broken) throw new Error("disk is full");
    for (const { action } of effects) if (action.kind === "status") scene.sent.push(action.body);
  };
  const live = createLiveStatus({
    store: { run: async () => scene.stored, addEffects },
    everyMs,
    now: () => scene.clock.ms,
    onError: (error) => scene.errors.push(error),
  });
  return Object.assign(scene, { live });
}

test("the first update goes out at once, later ones wait, and only the newest of them goes out", async () => {
  const scene = openScene(20);
  await scene.live.update(running, "one");
  for (const body of ["two", "three", "four"]) await scene.live.update(running, body);
  assert.deepEqual(scene.sent, ["one"]);
  await until(() => scene.sent.length > 1);
  assert.deepEqual(scene.sent, ["one", "four"]);
  scene.clock.ms += 20;
  await scene.live.update(running, "five");
  assert.deepEqual(scene.sent, ["one", "four", "five"]);
});

test("runs do not wait for each other", async () => {
  const scene = openScene(10_000);
  await scene.live.update(running, "a");
  await scene.live.update({ ...running, id: "r2" }, "b");
  assert.deepEqual(scene.sent, ["a", "b"]);
  scene.live.close();
});

test("nothing goes out once the run has moved on", async () => {
  const scene = openScene(10);
  for (const state of ["publishing", "completed", "queued"] as const) {
    scene.stored = sampleRun({ state });
    scene.clock.ms += 10;
    await scene.live.update(running, state);
  }
  scene.stored = sampleRun({ state: "running", attempt: 2 });
  scene.clock.ms += 10;
  await scene.live.update(running, "earlier attempt");
  scene.stored = null;
  scene.clock.ms += 10;
  await scene.live.update(running, "gone");
  assert.deepEqual(scene.sent, []);
});

test("what waits is dropped when the run ends, before its last status is recorded", async () => {
  const scene = openScene(10);
  await scene.live.update(running, "one");
  await scene.live.update(running, "two");
  await scene.live.end("r1");
  await scene.live.end("unknown");
  await scene.live.update({ ...running, id: "r2" }, "other");
  await scene.live.update({ ...running, id: "r2" }, "other two");
  await until(() => scene.sent.includes("other two"));
  assert.deepEqual(scene.sent, ["one", "other", "other two"]);
});

test("an update under way when the run ends goes out before `end` resolves, or not at all", async () => {
  const scene = openScene(10);
  const updating = scene.live.update(running, "one");
  await scene.live.end("r1");
  const count = scene.sent.length;
  await updating;
  assert.equal(scene.sent.length, count);
});

test("an update that can not be recorded is told, and the next one goes out", async () => {
  const scene = openScene(10);
  scene.broken = true;
  await scene.live.update(running, "one");
  assert.match(String(scene.errors[0]), /disk is full/);
  scene.broken = false;
  scene.clock.ms += 10;
  await scene.live.update(running, "two");
  assert.deepEqual(scene.sent, ["two"]);
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("a comment that was made a moment ago is not edited at once", async () => {
  const scene = openScene(10_000);
  scene.clock.ms = running.queuedAt + 9_999;
  await scene.live.update(running, "too soon");
  assert.deepEqual(scene.sent, []);
  scene.clock.ms += 1;
  await scene.live.update(running, "now");
  assert.deepEqual(scene.sent, ["now"]);
});

test("a clock that is set back by a day holds no update back", async () => {
  const scene = openScene(10);
  await scene.live.update(running, "one");
  scene.clock.ms -= 24 * 3_600_000;
  await scene.live.update(running, "two");
  await until(() => scene.sent.includes("two"));
});
