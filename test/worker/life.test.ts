import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import { createLife, type LifeDeps } from "../../src/worker/life.ts";
import { createPlainFleet } from "./plain-fleet.ts";
import { until } from "./wait.ts";

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));

/** Loops that only write down when they begin and end. */
function loops(more: Partial<LifeDeps> = {}) {
  const seen: string[] = [];
  const until = (signal: AbortSignal) =>
    new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  const loop = (name: string) => async (signal: AbortSignal) => {
    seen.push(`${name} begins`);
    await until(signal);
    seen.push(`${name} ends`);
  };
  const signals: Record<string, AbortSignal> = {};
  const logged: { readonly msg?: string; readonly loop?: string }[] = [];
  const life = createLife({
    store: { fleet: null },
    worker: {
      active: () => 0,
      async run(given) {
        Object.assign(signals, given);
        await loop("worker")(given.drain);
      },
    },
    outbox: { run: loop("outbox"), flush: async () => {} },
    desk: [loop("inbox")],
    log: pino({ level: "debug" }, { write: (line) => logged.push(JSON.parse(line)) }),
    pauseMs: 1,
    ...more,
  });
  return { life, seen, signals, logged, loop };
}

test("it accepts from its beginning to its end", async () => {
  const { life } = loops();
  assert.equal(life.accepting(), false);
  life.begin();
  assert.equal(life.accepting(), true);
  await life.end("wait");
  assert.equal(life.accepting(), false);
});

test("the outbox ends last, so that what the others said is sent", async () => {
  const { life, seen } = loops();
  life.begin();
  await until(() => seen.length === 3, "all loops to begin");
  await life.end("wait");
  assert.deepEqual(seen.slice(-3).sort(), ["inbox ends", "outbox ends", "worker ends"]);
  assert.equal(seen.at(-1), "outbox ends");
});

for (const [agents, said] of [
  ["wait", true],
  ["leave", false],
] as const) {
  test(`to ${agents} ${said ? "says" : "does not wait to say"} what the last runs came to`, async () => {
    const saidIn: string[][] = [];
    const outbox = {
      run: async (signal: AbortSignal) => await aborted(signal),
      flush: async () => void saidIn.push([...seen]),
    };
    const { life, seen } = loops({ outbox });
    life.begin();
    await until(() => seen.includes("worker begins"), "the worker to begin");
    await life.end(agents);
    assert.deepEqual(
      saidIn.map((before) => before.includes("worker ends")),
      said ? [true] : [],
    );
  });
}

test("last words that find no forge are not waited for to the end", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { life } = loops({ outbox: { run: aborted, flush: () => new Promise(() => {}) } });
  life.begin();
  const ended = life.end("wait");
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
  t.mock.timers.tick(5_000);
  await ended;
});

for (const [agents, leave, halt] of [
  ["wait", false, false],
  ["leave", true, false],
  ["stop", false, true],
] as const) {
  test(`to ${agents} tells the worker what becomes of its agents`, async () => {
    const { life, signals } = loops();
    life.begin();
    await life.end(agents);
    assert.deepEqual([signals.leave?.aborted, signals.halt?.aborted], [leave, halt]);
  });
}

test("a loop that ends by an error is told and begun again, and the others go on", async () => {
  let failures = 2;
  const begun: string[] = [];
  const breaks = async (signal: AbortSignal) => {
    begun.push("desk");
    if (failures-- > 0) throw new Error("out of luck");
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  };
  const { life, logged, seen } = loops({ desk: [breaks] });
  life.begin();
  await until(() => begun.length === 3, "the third beginning");
  assert.equal(logged.filter(({ loop }) => loop === "desk").length, 2);
  assert.deepEqual(seen, ["worker begins", "outbox begins"]);
  await life.end("wait");
});

test("a worker that could not begin is begun again", async () => {
  let begun = 0;
  const run = async () => {
    if (++begun < 2) throw new Error("the store does not answer");
  };
  const { life } = loops({ worker: { active: () => 0, run } });
  life.begin();
  await until(() => begun === 2, "the second beginning");
  await life.end("wait");
});

test("a process without a worker or a desk only sends what it has to say", async () => {
  const fleet = createPlainFleet();
  let asked = 0;
  const lead = async (signal: AbortSignal) => {
    asked += 1;
    return await fleet.lead(signal);
  };
  const { life, seen } = loops({ worker: null, desk: [], store: { fleet: { ...fleet, lead } } });
  life.begin();
  await life.end("leave");
  assert.deepEqual([seen, asked], [["outbox begins", "outbox ends"], 0]);
});

test("the desk is kept only while this process leads, and again when it leads again", async () => {
  const fleet = createPlainFleet();
  const { life, seen } = loops({ store: { fleet } });
  const desk = () => seen.filter((line) => /inbox/.test(line));
  life.begin();
  await until(() => seen.length === 2, "the worker and the outbox");
  assert.deepEqual(desk(), []);
  const dismiss = fleet.appoint();
  await until(() => desk().length === 1, "the desk to be kept");
  dismiss();
  await until(() => desk().length === 2, "the desk to be left");
  fleet.appoint();
  await until(() => desk().length === 3, "the desk to be kept again");
  await life.end("wait");
  assert.deepEqual(desk(), ["inbox begins", "inbox ends", "inbox begins", "inbox ends"]);
});

test("a process that goes gives up waiting to lead", async () => {
  const { life, seen, logged } = loops({ store: { fleet: createPlainFleet() } });
  life.begin();
  await life.end("wait");
  assert.ok(!seen.some((line) => /inbox/.test(line)));
  assert.deepEqual(logged, []);
});

test("who cannot learn whether it leads asks again", async () => {
  const fleet = createPlainFleet();
  let failures = 1;
  const lead = async (signal: AbortSignal) => {
    if (failures-- > 0) throw new Error("connection refused");
    return await fleet.lead(signal);
  };
  fleet.appoint();
  const { life, seen } = loops({ store: { fleet: { ...fleet, lead } } });
  life.begin();
  await until(() => seen.includes("inbox begins"), "the desk to be kept");
  await life.end("wait");
});

test("it can be ended before it was begun", async () => {
  const { life } = loops();
  await life.end("leave");
  assert.equal(life.accepting(), false);
});
