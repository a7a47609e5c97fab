import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import { createLife, type LifeDeps } from "../../src/worker/life.ts";

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
  const logged: { readonly msg?: string }[] = [];
  const life = createLife({
    store: {} as LifeDeps["store"],
    worker: {
      active: () => 0,
      async run(given) {
        Object.assign(signals, given);
        await loop("worker")(given.drain);
      },
    },
    outbox: { run: loop("outbox"), flush: async () => {} },
    workInbox: loop("inbox"),
    log: pino({ level: "debug" }, { write: (line) => logged.push(JSON.parse(line)) }),
    ...more,
  });
  return { life, seen, signals, logged };
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
  await life.end("wait");
  assert.deepEqual(seen.slice(-3).sort(), ["inbox ends", "outbox ends", "worker ends"]);
  assert.equal(seen.at(-1), "outbox ends");
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

test("a loop that ends by an error is told at once, and the end still comes", async () => {
  const workInbox = async () => {
    throw new Error("out of luck");
  };
  const { life, logged } = loops({ workInbox });
  life.begin();
  await life.end("wait");
  assert.ok(logged.some(({ msg }) => msg === "a loop ended"));
});

test("it can be ended before it was begun", async () => {
  const { life } = loops();
  await life.end("leave");
  assert.equal(life.accepting(), false);
});
