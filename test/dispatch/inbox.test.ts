import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { workInbox } from "../../src/dispatch/inbox.ts";
import { openDesk } from "./desk.ts";
import { comment } from "./happenings.ts";
import { inboxEmpty, runInbox, scribe, until } from "./inbox-desk.ts";

test("deliveries of one issue are handled one after the other, in the order they came", async (t) => {
  const desk = await openDesk(t);
  const { seen, respond } = scribe(() => turn());
  for (const body of ["one", "two", "three"]) await desk.receive(comment(body));
  runInbox(desk, { respond });
  await until(() => inboxEmpty(desk), "an empty inbox");
  assert.deepEqual(seen, ["begin one", "end one", "begin two", "end two", "begin three", "end three"]);
});

test("a job that ends while the inbox is still being read lets nobody jump the queue, nor stalls it", async (t) => {
  const desk = await openDesk(t);
  const { seen, respond } = scribe();
  const bodies = Array.from({ length: 30 }, (_, index) => `number ${index}`);
  for (const body of bodies) await desk.receive(comment(body));
  runInbox(desk, { respond });
  await until(() => inboxEmpty(desk), "an empty inbox");
  assert.deepEqual(
    seen.filter((line) => line.startsWith("begin")),
    bodies.map((body) => `begin ${body}`),
  );
});

test("the inbox may be read at any moment of a job's end: no chain is begun without a delivery, or twice", async (t) => {
  const desk = await openDesk(t);
  let ticks = 0;
  const store = {
    ...desk.store,
    async nextDeliveries(...given: Parameters<typeof desk.store.nextDeliveries>) {
      for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
      return await desk.store.nextDeliveries(...given);
    },
  };
  let gate = Promise.withResolvers<void>();
  const { seen, respond } = scribe((body) => (body.startsWith("waits") ? gate.promise : undefined));
  runInbox(desk, { respond, store });
  for (ticks = 0; ticks < 60; ticks++) {
    gate = Promise.withResolvers();
    await desk.receive(comment(`waits ${ticks}`));
    await until(() => seen.includes(`begin waits ${ticks}`), "the job");
    await desk.receive(comment("another", {}, 16));
    gate.resolve();
    await until(() => inboxEmpty(desk), "an empty inbox");
  }
  assert.equal(seen.filter((line) => line.startsWith("begin waits")).length, 60);
  assert.deepEqual(
    desk.logged.filter(({ msg }) => msg === "delivery put off"),
    [],
  );
});

test("a repository is the same in any case of its letters", async (t) => {
  const desk = await openDesk(t);
  const { seen, respond } = scribe(() => turn());
  await desk.receive(comment("one"));
  await desk.receive(comment("two", { repo: { forge: "codeberg", owner: "ACME", name: "Shop" } }));
  runInbox(desk, { respond });
  await until(() => inboxEmpty(desk), "an empty inbox");
  assert.deepEqual(seen, ["begin one", "end one", "begin two", "end two"]);
});

test("issues are handled side by side, as many at once as allowed", async (t) => {
  const desk = await openDesk(t);
  const gate = Promise.withResolvers<void>();
  const { seen, respond } = scribe(() => gate.promise);
  for (const issue of [1, 2, 3]) await desk.receive(comment(`on ${issue}`, {}, issue));
  runInbox(desk, { respond, parallel: 2 });
  await until(() => seen.length === 2, "two begun");
  assert.deepEqual(seen, ["begin on 1", "begin on 2"]);
  gate.resolve();
  await until(() => inboxEmpty(desk), "an empty inbox");
});

test("a forge that hangs for one issue holds up no other, even when that issue fills the inbox", async (t) => {
  const desk = await openDesk(t);
  const gate = Promise.withResolvers<void>();
  const { seen, respond } = scribe((body) => (body === "hangs" ? gate.promise : undefined));
  await desk.receive(comment("hangs"));
  for (let behind = 0; behind < 50; behind++) await desk.receive(comment("waits behind it"));
  await desk.receive(comment("free", {}, 16));
  runInbox(desk, { respond });
  await until(() => seen.includes("end free"), "the other issue's delivery");
  assert.deepEqual(
    seen.filter((line) => line.startsWith("begin")),
    ["begin hangs", "begin free"],
  );
  gate.resolve();
  await until(() => inboxEmpty(desk), "an empty inbox");
});

test("a delivery that arrives while the inbox rests is taken at once", async (t) => {
  const desk = await openDesk(t);
  const { seen, respond } = scribe();
  runInbox(desk, { respond });
  await turn();
  await desk.receive(comment("late"));
  await until(() => seen.includes("end late"), "the late one");
});

test("at the end what was begun is ended, and nothing more is begun", async (t) => {
  const desk = await openDesk(t);
  const gate = Promise.withResolvers<void>();
  const { seen, respond } = scribe(() => gate.promise);
  await desk.receive(comment("begun"));
  await desk.receive(comment("left"));
  const stop = new AbortController();
  const end = workInbox({ ...desk.deps, respond, now: Date.now, parallel: 8 }, stop.signal);
  await until(() => seen.includes("begin begun"), "the first");
  stop.abort();
  gate.resolve();
  await end;
  assert.deepEqual(seen, ["begin begun", "end begun"]);
  assert.equal((await desk.store.nextDeliveries(10)).length, 1);
});

test("a delivery that waits is not read again and again: once for its issue, and once for each try", async (t) => {
  const desk = await openDesk(t);
  const gate = Promise.withResolvers<void>();
  const { seen, respond } = scribe((body) => (body === "hangs" ? gate.promise : undefined));
  const parse = desk.forge.parse.bind(desk.forge);
  const parsed = t.mock.method(desk.forge, "parse", parse);
  await desk.receive(comment("hangs"));
  for (let behind = 0; behind < 100; behind++) await desk.receive(comment("waits behind it"));
  runInbox(desk, { respond });
  await until(() => seen.includes("begin hangs"), "the first");
  for (let issue = 20; issue < 40; issue++) await desk.receive(comment(`free ${issue}`, {}, issue));
  await until(() => seen.includes("end free 39"), "the other issues");
  assert.equal(parsed.mock.callCount(), 102 + 40);
  gate.resolve();
  await until(() => inboxEmpty(desk), "an empty inbox");
  assert.equal(parsed.mock.callCount(), 2 * 121);
});

test("a forge that hangs for all of its issues does not hold up another forge", async (t) => {
  const desk = await openDesk(t);
  const gate = Promise.withResolvers<void>();
  const { seen, respond } = scribe((body) => (body === "hangs" ? gate.promise : undefined));
  for (let issue = 20; issue < 30; issue++) await desk.receive(comment("hangs", {}, issue));
  const event = comment("free", { repo: { forge: "other", owner: "acme", name: "shop" } });
  const delivery = { id: "1", event: "any", body: JSON.stringify([event]), receivedAt: 1 };
  await desk.store.receive({ ...delivery, forge: "other" });
  runInbox(desk, { respond, forges: new Map([...desk.deps.forges, ["other", desk.forge]]) });
  await until(() => seen.includes("end free"), "the other forge's delivery");
  gate.resolve();
  await until(() => inboxEmpty(desk), "an empty inbox");
});
