import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { followLog } from "../../src/supervisor/read-log.ts";
import { openBench } from "../worker/bench.ts";
import { createPlainFleet, type PlainFleet } from "../worker/plain-fleet.ts";

async function read(all: AsyncGenerator<string>): Promise<string> {
  let text = "";
  for await (const part of all) text += part;
  return text;
}

/** A run at work, and its log where this store keeps logs. */
async function open(t: TestContext, fleet: PlainFleet | null) {
  const bench = await openBench(t, fleet ? { fleet } : {});
  const dir = join(bench.dir, "logs");
  mkdirSync(dir, { recursive: true });
  await bench.enqueue({ id: "abc-1", issue: 1 });
  const { lease } = await bench.claim();
  const write = (text: string) => {
    if (fleet) fleet.logs.set("abc-1.1", text);
    else writeFileSync(join(dir, "abc-1.1.log"), text);
  };
  const log = (run: string, follow = false) => followLog({ store: bench.store, dir, run, follow });
  return { bench, lease, write, log };
}

for (const where of ["a file", "the store of many machines"] as const) {
  const fleet = () => (where === "a file" ? null : createPlainFleet());

  test(`a log in ${where} is read whole, however long`, async (t) => {
    const { write, log } = await open(t, fleet());
    const text = "ä line with letters of two bytes: ö\n".repeat(80_000);
    write(text);
    assert.equal((await read(log("abc-1"))) === text, true);
  });

  test(`a log in ${where} is followed until its run ends`, async (t) => {
    const { bench, lease, write, log } = await open(t, fleet());
    write("one\n");
    const lines = log("abc-1", true);
    assert.equal((await lines.next()).value, "one\n");
    write("one\ntwo\n");
    const outcome = { kind: "cancelled", by: "alice" } as const;
    await bench.store.move(lease, "cancelled", { outcome }, []);
    assert.equal(await read(lines), "two\n");
  });

  test(`a run without a log in ${where} is refused, unless it may still get one`, async (t) => {
    const { log } = await open(t, fleet());
    await assert.rejects(read(log("abc-1")), { name: "Refusal", message: /has no log: it is preparing/ });
  });
}

test("a run is named by its id or the beginning of it", async (t) => {
  const { bench, write, log } = await open(t, null);
  write("one\n");
  assert.equal(await read(log("abc")), "one\n");
  await bench.enqueue({ id: "abc-12", issue: 2 });
  assert.equal(await read(log("abc-1")), "one\n", "a whole id is no beginning");
  await assert.rejects(read(log("abc")), { name: "Refusal", message: /2 runs begin with abc/ });
  await assert.rejects(read(log("xyz")), { name: "Refusal", message: /no run xyz/ });
});
