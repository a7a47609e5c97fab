import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { ForgeError, StoreTrouble } from "../../src/model/errors.ts";
import { openDesk, PlainForge } from "./desk.ts";
import { comment } from "./happenings.ts";
import { down, inboxEmpty, runInbox, scribe, until } from "./inbox-desk.ts";

test("what the forge would not answer is put off and tried again, before what came after it", async (t) => {
  const desk = await openDesk(t);
  let failures = 1;
  const { seen, respond } = scribe((body) => {
    if (body === "first" && failures-- > 0) throw down;
  });
  await desk.receive(comment("first"));
  await desk.receive(comment("second"));
  runInbox(desk, { respond });
  await until(() => inboxEmpty(desk), "an empty inbox");
  assert.deepEqual(seen, ["begin first", "begin first", "end first", "begin second", "end second"]);
  assert.deepEqual(
    desk.logged.filter(({ msg }) => msg === "delivery put off").map(({ pauseMs }) => pauseMs),
    [1000],
  );
});

test("pauses double up to a minute, and are longer when the forge says so", async (t) => {
  const desk = await openDesk(t);
  const told = new ForgeError("asking: too many requests", 429, true, 300_000);
  let tries = 0;
  const { seen, respond } = scribe(() => {
    if (tries++ < 8) throw tries === 8 ? told : down;
  });
  await desk.receive(comment("first"));
  let ms = 0;
  // Each look at the clock is another two minutes later, so no pause is waited for.
  runInbox(desk, { respond, now: () => (ms += 120_000) });
  await until(async () => {
    await desk.receive();
    return seen.includes("end first");
  }, "the end of the trouble");
  const pauses = desk.logged.filter(({ msg }) => msg === "delivery put off").map(({ pauseMs }) => pauseMs);
  assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 300_000]);
});

test("what no later try can mend is set aside, and the next one of the issue is handled", async (t) => {
  const desk = await openDesk(t);
  const { seen, respond } = scribe((body) => {
    if (body === "first") throw new ForgeError("asking: no such repository", 404, false);
  });
  await desk.receive(comment("first"));
  await desk.receive(comment("second"));
  runInbox(desk, { respond });
  await until(() => inboxEmpty(desk), "an empty inbox");
  assert.deepEqual(seen, ["begin first", "begin second", "end second"]);
});

test("an inbox whose last trouble ended in setting aside comes to rest", async (t) => {
  const desk = await openDesk(t);
  let tries = 0;
  const { respond } = scribe(() => {
    throw tries++ === 0 ? down : new ForgeError("asking: no such repository", 404, false);
  });
  await desk.receive(comment("first"));
  let looks = 0;
  const store = {
    ...desk.store,
    nextDeliveries(...asked: Parameters<typeof desk.store.nextDeliveries>) {
      looks += 1;
      return desk.store.nextDeliveries(...asked);
    },
  };
  runInbox(desk, { respond, store });
  await until(() => inboxEmpty(desk), "an empty inbox");
  for (let rounds = 0; rounds < 20; rounds++) await turn();
  const before = looks;
  for (let rounds = 0; rounds < 200; rounds++) await turn();
  assert.equal(looks, before);
});

test("a pause that is over is not asked about again and again while every place is taken", async (t) => {
  const desk = await openDesk(t);
  const gate = Promise.withResolvers<void>();
  const { seen, respond } = scribe((body) => {
    if (body === "fails") throw down;
    return gate.promise;
  });
  const clock = { ms: 1_000_000 };
  let looks = 0;
  const store = {
    ...desk.store,
    nextDeliveries(...asked: Parameters<typeof desk.store.nextDeliveries>) {
      looks += 1;
      return desk.store.nextDeliveries(...asked);
    },
  };
  await desk.receive(comment("fails"));
  runInbox(desk, { respond, store, parallel: 1, now: () => clock.ms });
  await until(() => desk.logged.some(({ msg }) => msg === "delivery put off"), "a put-off delivery");
  await desk.receive(comment("hangs", {}, 16));
  await until(() => seen.includes("begin hangs"), "the only place to be taken");
  clock.ms += 5_000;
  await desk.receive();
  for (let rounds = 0; rounds < 20; rounds++) await turn();
  const before = looks;
  for (let rounds = 0; rounds < 200; rounds++) await turn();
  assert.equal(looks, before);
  gate.resolve();
});

test("a store that fails for a moment does not end the inbox", async (t) => {
  const desk = await openDesk(t);
  const { seen, respond } = scribe();
  let failures = 1;
  const store = {
    ...desk.store,
    async nextDeliveries(...asked: Parameters<typeof desk.store.nextDeliveries>) {
      if (failures-- > 0) throw new Error("disk I/O error");
      return await desk.store.nextDeliveries(...asked);
    },
  };
  await desk.receive(comment("first"));
  runInbox(desk, { respond, store });
  await until(() => seen.includes("end first"), "the delivery behind the trouble");
  assert.ok(desk.logged.some(({ reason }) => reason === "disk I/O error"));
});

test("a delivery that could not even be set aside is tried again", async (t) => {
  const desk = await openDesk(t);
  const { respond } = scribe(() => {
    throw new ForgeError("asking: no such repository", 404, false);
  });
  let failures = 1;
  const store = {
    ...desk.store,
    async reject(...given: Parameters<typeof desk.store.reject>) {
      if (failures-- > 0) throw new Error("disk full");
      return await desk.store.reject(...given);
    },
  };
  await desk.receive(comment("first"));
  runInbox(desk, { respond, store });
  await until(() => inboxEmpty(desk), "an empty inbox");
  assert.ok(desk.logged.some(({ msg, reason }) => msg === "delivery put off" && reason === "disk full"));
});

test("what we break on again and again is set aside with a word on the issue, and the next one is handled", async (t) => {
  const desk = await openDesk(t);
  const store = {
    ...desk.store,
    settle: async (...[given]: Parameters<typeof desk.store.settle>) =>
      given.changes.some(({ kind }) => kind === "enqueue") ? "conflict" : await desk.store.settle(given),
  } as const;
  await desk.receive(comment("/dispatch"));
  await desk.receive(comment("/dispatch help"));
  let ms = 0;
  runInbox(desk, { store, now: () => (ms += 120_000) });
  await until(async () => {
    await desk.receive();
    return !(await desk.store.nextDeliveries(100)).some(({ body }) => body.includes("/dispatch"));
  }, "the end of the trouble");
  const [broken, help] = await desk.replies();
  assert.match(broken ?? "", /something is wrong on my side/);
  assert.equal(help, "Commands: …");
  const aside = desk.logged.find(({ msg }) => msg === "delivery set aside");
  assert.match(String(aside?.reason), /the issue's run kept moving/);
});

test("a command outlives a store that is away, however often it is tried meanwhile", async (t) => {
  const desk = await openDesk(t);
  let failures = 20;
  const store = {
    ...desk.store,
    async settle(...[given]: Parameters<typeof desk.store.settle>) {
      if (failures-- > 0) throw new StoreTrouble("using the store: the disk is full", true);
      return await desk.store.settle(given);
    },
  };
  await desk.receive(comment("/dispatch help"));
  let ms = 0;
  runInbox(desk, { store, now: () => (ms += 120_000) });
  await until(async () => {
    await desk.receive();
    return !(await desk.store.nextDeliveries(100)).some(({ body }) => body.includes("/dispatch"));
  }, "the end of the trouble");
  assert.deepEqual(await desk.replies(), ["Commands: …"]);
  assert.ok(failures < 0);
});

test("deliveries of a closed forge stay untouched until it opens, while those of another are handled", async (t) => {
  const desk = await openDesk(t);
  const other = new PlainForge("github", "github");
  const forges = new Map([...desk.deps.forges, [other.name, other]]);
  const { seen, respond } = scribe();
  let isOpen = false;
  const waiting = new Set<() => void>();
  const opened = (signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      waiting.add(resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  await desk.receive(comment("here"));
  runInbox(desk, { forges, respond, opened, open: (forge) => isOpen || forge === "github" });
  const there = comment("there");
  const body = JSON.stringify([{ ...there, repo: { ...there.repo, forge: "github" } }]);
  await desk.store.receive({ id: "1", forge: "github", event: "any", body, receivedAt: 2 });
  await until(() => seen.includes("end there"), "the other forge's");
  assert.deepEqual(
    [seen, (await desk.store.nextDeliveries(9)).map(({ forge }) => forge)],
    [["begin there", "end there"], [desk.forge.name]],
  );
  isOpen = true;
  for (const wake of waiting) wake();
  await until(() => inboxEmpty(desk), "an empty inbox");
  assert.deepEqual(seen.slice(2), ["begin here", "end here"]);
  assert.ok(!desk.logged.some(({ msg }) => msg === "delivery put off"));
});

test("a forge that asks for a pause longer than any timer does not keep the inbox busy", async (t) => {
  const desk = await openDesk(t);
  const { seen, respond } = scribe(() => {
    throw new ForgeError("asking: too many requests", 429, true, 1e12);
  });
  let reads = 0;
  const store = {
    ...desk.store,
    async nextDeliveries(...given: Parameters<typeof desk.store.nextDeliveries>) {
      reads++;
      return await desk.store.nextDeliveries(...given);
    },
  };
  await desk.receive(comment("first"));
  runInbox(desk, { respond, store });
  await until(() => desk.logged.some(({ msg }) => msg === "delivery put off"), "the pause");
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, 40);
  await promise;
  assert.deepEqual([seen.length, reads <= 3], [1, true], `${reads} reads`);
});
