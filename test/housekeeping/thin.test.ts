import assert from "node:assert/strict";
import { test } from "node:test";
import { type Hands, thin } from "../../src/housekeeping/thin.ts";

interface Thing {
  readonly name: string;
  readonly since: number;
  readonly size: number;
}

const thing = (name: string, since: number, size = 10): Thing => ({ name, since, size });
const FRESH = thing("fresh", 900);
const OLD = thing("old", 300);
const OLDEST = thing("oldest", 100);
const ALL = [FRESH, OLDEST, OLD];
const NOW = 1000;

/** What `thin` did: names in the order of their going. */
function hands(more: Partial<Hands<Thing>> & { readonly stay?: string } = {}) {
  const gone: string[] = [];
  const troubles: string[] = [];
  const work: Hands<Thing> = {
    since: async ({ since }) => since,
    size: async ({ size }) => size,
    async remove({ name, size }) {
      if (name === more.stay) return null;
      gone.push(name);
      return size;
    },
    trouble: ({ name }, error) => troubles.push(`${name}: ${(error as Error).message}`),
    ...more,
  };
  return { gone, troubles, work };
}

const on = new AbortController().signal;

test("what is too old goes, oldest first, and nothing younger", async () => {
  const { gone, work } = hands();
  assert.deepEqual(await thin(ALL, { ageMs: 700, bytes: null }, work, NOW, on), { count: 2, bytes: 20 });
  assert.deepEqual(gone, ["oldest", "old"]);
});

test("what does not fit goes, oldest first, and no more than that", async () => {
  const { gone, work } = hands();
  await thin(ALL, { ageMs: null, bytes: 20 }, work, NOW, on);
  assert.deepEqual(gone, ["oldest"]);
  await thin([OLD, FRESH], { ageMs: null, bytes: 20 }, work, NOW, on);
  assert.deepEqual(gone, ["oldest"]);
});

test("age is looked at before room", async () => {
  const { gone, work } = hands();
  assert.equal((await thin(ALL, { ageMs: 900, bytes: 10 }, work, NOW, on)).count, 2);
  assert.deepEqual(gone, ["oldest", "old"]);
});

test("what has to stay takes its room, and others go for it", async () => {
  const { gone, work } = hands({ stay: "oldest" });
  assert.deepEqual(await thin(ALL, { ageMs: 900, bytes: 20 }, work, NOW, on), { count: 1, bytes: 10 });
  assert.deepEqual(gone, ["old"]);
});

test("one that cannot be looked at or removed does not keep the others", async () => {
  const { gone, troubles, work } = hands();
  const failing: Hands<Thing> = {
    ...work,
    since: async (one) => (one === OLDEST ? Promise.reject(new Error("no age")) : work.since(one)),
    remove: async (one) => (one === OLD ? Promise.reject(new Error("busy")) : work.remove(one)),
  };
  await thin(ALL, { ageMs: 1, bytes: null }, failing, NOW, on);
  assert.deepEqual([gone, troubles], [["fresh"], ["oldest: no age", "old: busy"]]);
});

test("without limits nothing is even looked at", async () => {
  const { work } = hands({ since: () => Promise.reject(new Error("looked")) });
  assert.deepEqual(await thin(ALL, { ageMs: null, bytes: null }, work, NOW, on), { count: 0, bytes: 0 });
});

test("told to end, it removes no more", async () => {
  const end = new AbortController();
  const { gone, work } = hands();
  const ending: Hands<Thing> = {
    ...work,
    async remove(one) {
      end.abort();
      return await work.remove(one);
    },
  };
  await thin(ALL, { ageMs: 1, bytes: 1 }, ending, NOW, end.signal);
  assert.deepEqual(gone, ["oldest"]);
});
