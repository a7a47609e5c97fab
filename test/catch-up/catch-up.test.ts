import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { type CatchUpOptions, createCatchUp } from "../../src/catch-up/catch-up.ts";
import type { Forge, Lookback, Missed } from "../../src/forges/forge.ts";
import { ForgeError } from "../../src/model/errors.ts";
import type { Delivery } from "../../src/model/event.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { comment } from "../dispatch/happenings.ts";
import { FakeForge } from "../fakes/forge.ts";

const DOWN = new ForgeError("asking: the forge is down", 503, true);

/** A forge whose looks are answered by the test, and noted. */
class Told extends FakeForge {
  readonly looks: Lookback[] = [];
  readonly #tell: (look: Lookback, count: number) => Missed | Promise<Missed>;

  constructor(name: string, tell: (look: Lookback, count: number) => Missed | Promise<Missed>) {
    super(name, "forgejo");
    this.#tell = tell;
  }

  override async missed(look: Lookback): Promise<Missed> {
    this.looks.push(look);
    return await this.#tell(look, this.looks.length);
  }
}

const delivery = (forge: string, id: string): Delivery => ({
  id,
  forge,
  event: "any",
  body: "{}",
  receivedAt: 1,
});
const nothing = (cursor: string): Missed => ({ deliveries: [], cursor });

async function open(t: TestContext, forges: readonly Forge[], more: Partial<CatchUpOptions> = {}) {
  const dir = await mkdtemp(join(tmpdir(), "catch-up-"));
  const store = await openSqliteStore({ file: join(dir, "store.db"), now: Date.now, newId: randomUUID });
  const stop = new AbortController();
  const ends: Promise<void>[] = [];
  t.after(async () => {
    stop.abort();
    await Promise.all(ends);
    await store.close();
    await rm(dir, { recursive: true });
  });
  const logged: string[] = [];
  const note = (about: object, message: string) => void logged.push(`${message} ${JSON.stringify(about)}`);
  const catchUp = createCatchUp({
    store,
    forges: new Map(forges.map((forge) => [forge.name, forge])),
    everyMs: 1,
    now: () => 77,
    log: { info: note, warn: note } as unknown as CatchUpOptions["log"],
    ...more,
  });
  const run = () => {
    const end = catchUp.run(stop.signal);
    ends.push(end);
    return end;
  };
  return { store, catchUp, logged, run, stop };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await condition())) {
    assert.ok(Date.now() < end, "waited in vain");
    await turn();
  }
}

test("each look begins where the last one ended, also after a restart, and what is found is in the inbox", async (t) => {
  const forge = new Told("here", (_look, count) =>
    count === 1 ? nothing("c1") : { deliveries: [delivery("here", `d${count}`)], cursor: `c${count}` },
  );
  const { store, catchUp, logged } = await open(t, [forge]);
  await catchUp.once();
  await catchUp.once();
  const again = createCatchUp({
    store,
    forges: new Map([[forge.name, forge]]),
    everyMs: null,
    now: () => 78,
    log: { info() {}, warn() {} } as unknown as CatchUpOptions["log"],
  });
  await again.once();
  assert.deepEqual(
    forge.looks.map(({ cursor, now }) => [cursor, now]),
    [
      [null, 77],
      ["c1", 77],
      ["c2", 78],
    ],
  );
  assert.deepEqual(
    (await store.nextDeliveries(9)).map(({ id }) => id),
    ["d2", "d3"],
  );
  assert.match(logged.join("\n"), /^found what webhooks .*"forge":"here","found":1,"added":1/);
});

test("a look is told what has arrived, and which repositories are known", async (t) => {
  const forge = new Told("here", async (look) => {
    assert.deepEqual([...(await look.known(["d1", "d2"]))], ["d1"]);
    assert.deepEqual(look.repositories, []);
    return nothing("c1");
  });
  const { store, catchUp, logged } = await open(t, [forge]);
  await store.receive(delivery("here", "d1"));
  await catchUp.once();
  assert.deepEqual(logged, []);
});

test("the place is kept only when all that was found is on disk", async (t) => {
  const forge = new Told("here", (_look, count) => ({
    deliveries: [delivery("here", "d1"), delivery("here", "d2")],
    cursor: `c${count}`,
  }));
  const opened = await open(t, [forge]);
  let failures = 1;
  const { store } = opened;
  const fragile = {
    ...store,
    async receive(one: Delivery) {
      if (one.id === "d2" && failures-- > 0) throw new Error("disk full");
      return await store.receive(one);
    },
  };
  const catchUp = createCatchUp({
    store: fragile,
    forges: new Map([[forge.name, forge]]),
    everyMs: null,
    now: () => 77,
    log: { info() {}, warn() {} } as unknown as CatchUpOptions["log"],
  });
  await catchUp.once();
  assert.equal(await store.bookmark("catch-up:here"), null);
  await catchUp.once();
  assert.equal(await store.bookmark("catch-up:here"), "c2");
  assert.equal((await store.nextDeliveries(9)).length, 2);
});

test("a forge that hangs or fails holds up no other", async (t) => {
  const hangs = new Told("hangs", (look) => {
    const { promise, reject } = Promise.withResolvers<Missed>();
    look.signal.addEventListener("abort", () => reject(look.signal.reason), { once: true });
    return promise;
  });
  const fails = new Told("fails", () => Promise.reject(DOWN));
  const works = new Told("works", (_look, count) => nothing(`c${count}`));
  const { run, logged } = await open(t, [hangs, fails, works]);
  void run();
  await until(() => works.looks.length >= 5);
  assert.deepEqual([hangs.looks.length, fails.looks.length], [1, 1]);
  assert.equal(logged.length, 1);
});

test("failures are told once in a row, and so is their end", async (t) => {
  const forge = new Told("here", (_look, count) => (count <= 3 ? Promise.reject(DOWN) : nothing("c1")));
  const { catchUp, logged } = await open(t, [forge]);
  for (let count = 0; count < 5; count++) await catchUp.once();
  assert.deepEqual(
    logged.map((line) => line.replace(/ \{.*/, "")),
    ["looking for missed events did not work; trying again", "missed events are looked for again"],
  );
  assert.match(logged[0] ?? "", /the forge is down/);
});

test("what a look could not look at is told once, and so is its end", async (t) => {
  const troubles = ["acme/app (503)", "acme/app (503)", "acme/app (503); acme/web (500)", null, null];
  const forge = new Told("here", (_look, count) => ({
    ...nothing("c1"),
    trouble: troubles[count - 1] ?? null,
  }));
  const { catchUp, logged } = await open(t, [forge]);
  for (const _ of troubles) await catchUp.once();
  assert.equal(logged.length, 3);
  assert.match(logged[0] ?? "", /^a part of the forge could not be looked at.*"acme\/app \(503\)"/);
  assert.match(logged[1] ?? "", /acme\/web/);
  assert.match(logged[2] ?? "", /^all of the forge can be looked at again/);
});

test("a look that was not through goes on soon, however seldom looks are", async (t) => {
  for (const everyMs of [null, 3_600_000]) {
    const forge = new Told("here", (_look, count) => ({ ...nothing(`c${count}`), through: count > 2 }));
    const { run, stop } = await open(t, [forge], { everyMs, goOnMs: 1 });
    const end = run();
    await until(() => forge.looks.length === 3);
    assert.deepEqual(
      forge.looks.map(({ cursor }) => cursor),
      [null, "c1", "c2"],
    );
    if (everyMs !== null) stop.abort();
    await end;
  }
});

test("what was served before is neither stored again nor told", async (t) => {
  const forge = new Told("here", () => ({
    deliveries: ["old", "new", "unread"].map((id) => delivery("here", id)),
    cursor: "c1",
  }));
  forge.parse = ({ id }) => (id === "unread" ? [] : [{ ...comment("/dispatch"), key: `key of ${id}` }]);
  const { store, catchUp, logged } = await open(t, [forge]);
  await store.receive(delivery("here", "webhook"));
  const served = { delivery: delivery("here", "webhook"), keys: ["key of old"] };
  await store.settle({ ...served, changes: [], effects: [] });
  await catchUp.once();
  assert.deepEqual(
    (await store.nextDeliveries(9)).map(({ id }) => id),
    ["new", "unread"],
  );
  assert.match(logged.join("\n"), /"found":2,"added":2/);
});

test("without an interval one look is enough", async (t) => {
  const forge = new Told("here", () => nothing("c1"));
  const { run } = await open(t, [forge], { everyMs: null });
  await run();
  assert.equal(forge.looks.length, 1);
});

test("a closed forge is left out until it opens", async (t) => {
  const forge = new Told("here", () => nothing("c1"));
  const opens = Promise.withResolvers<void>();
  let isOpen = false;
  const { run, catchUp } = await open(t, [forge], {
    everyMs: null,
    open: () => isOpen,
    opened: () => opens.promise,
  });
  await catchUp.once();
  const end = run();
  await turn();
  assert.equal(forge.looks.length, 0);
  isOpen = true;
  opens.resolve();
  await end;
  assert.equal(forge.looks.length, 1);
});

test("at the end a look under way is broken off, and that is no failure", async (t) => {
  const forge = new Told("here", async (look) => {
    await new Promise((resolve) => look.signal.addEventListener("abort", resolve, { once: true }));
    throw look.signal.reason;
  });
  const { run, stop, logged } = await open(t, [forge]);
  const end = run();
  await until(() => forge.looks.length === 1);
  stop.abort();
  await end;
  assert.deepEqual(logged, []);
});
