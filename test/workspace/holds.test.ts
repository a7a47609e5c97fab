import assert from "node:assert/strict";
import { test } from "node:test";
import { createHolds } from "../../src/workspace/holds.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test("what is in use is not taken away, however many use it", async () => {
  const holds = createHolds();
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const uses = [holds.use("a", () => first.promise), holds.use("a", () => second.promise)];
  assert.equal(await holds.alone("a", async () => "taken"), null);
  first.resolve();
  await uses[0];
  assert.equal(await holds.alone("a", async () => "taken"), null);
  second.resolve();
  await uses[1];
  assert.equal(await holds.alone("a", async () => "taken"), "taken");
});

test("who wants to use what is being taken away waits, and goes on also when the taking fails", async () => {
  const holds = createHolds();
  const taking = Promise.withResolvers<void>();
  const steps: string[] = [];
  const taken = holds.alone("a", async () => {
    await taking.promise;
    steps.push("taken");
    throw new Error("no");
  });
  const used = holds.use("a", async () => void steps.push("used"));
  assert.equal(await holds.alone("a", async () => "twice"), null);
  await turn();
  assert.deepEqual(steps, []);
  taking.resolve();
  await assert.rejects(taken, { message: "no" });
  await used;
  assert.deepEqual(steps, ["taken", "used"]);
});

test("one thing does not hold another, and a use that fails lets go", async () => {
  const holds = createHolds();
  await assert.rejects(
    holds.use("a", async () => {
      assert.equal(await holds.alone("b", async () => "other"), "other");
      throw new Error("no");
    }),
  );
  assert.equal(await holds.alone("a", async () => "taken"), "taken");
});
