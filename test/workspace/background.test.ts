import assert from "node:assert/strict";
import { test } from "node:test";
import { createBackground } from "../../src/workspace/background.ts";
import { createShare } from "../../src/workspace/share.ts";

const never = new AbortController().signal;

test("work that fails in the background is told, and idle resolves all the same", async () => {
  const told: string[] = [];
  const background = createBackground((message) => told.push(message));
  background.begin("tidying", () => Promise.reject(new Error("no room")));
  await background.idle();
  assert.deepEqual(told, ["tidying: no room"]);
});

test("work of the same key is not begun twice at once, and idle waits for what work begins", async () => {
  const background = createBackground(assert.fail);
  const done: string[] = [];
  const gate = Promise.withResolvers<void>();
  background.begin("a", async () => {
    await gate.promise;
    background.begin("b", async () => done.push("b"));
    done.push("a");
  });
  background.begin("a", async () => done.push("again"));
  gate.resolve();
  await background.idle();
  assert.deepEqual(done.toSorted(), ["a", "b"]);
});

test("all who ask while work runs share one more, begun after it", async () => {
  const share = createShare();
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let begun = 0;
  const work = async () => {
    await gates[begun++]?.promise;
  };
  const asked = Array.from({ length: 5 }, () => share("key", never, work));
  assert.equal(begun, 1);
  gates[0]?.resolve();
  await asked[0];
  gates[1]?.resolve();
  await Promise.all(asked);
  assert.equal(begun, 2);
});

test("work that failed is begun anew for the next who asks", async () => {
  const share = createShare();
  const failing = share("key", never, () => Promise.reject(new Error("offline")));
  const waiting = share("key", never, async () => {});
  await assert.rejects(failing, /offline/);
  await waiting;
  await share("key", never, async () => {});
});

test("who is aborted leaves shared work without ending it for the others", async () => {
  const share = createShare();
  const gate = Promise.withResolvers<void>();
  const controller = new AbortController();
  const leaving = share("key", controller.signal, () => gate.promise);
  controller.abort(new Error("cancelled"));
  await assert.rejects(leaving, /cancelled/);
  await assert.rejects(share("key", controller.signal, assert.fail), /cancelled/);
  const staying = share("key", never, async () => {});
  gate.resolve();
  await staying;
});
