/** The worker killed at everything it does to the world, just before and just after, and started again each time. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { canMove } from "../../src/model/run.ts";
import type { FakeScript } from "../fakes/runtime.ts";
import { type Bench, DONE, openBench } from "../worker/bench.ts";
import { Life, type Moment } from "./mortal.ts";
import { live } from "./mortal-worker.ts";

const asks: FakeScript = {
  act: ({ folders }) => writeFile(join(folders.checkout, "BLOCKED.md"), "Which colour?"),
};

const ENDS = {
  completed: { output: ["working\n", DONE] },
  failed: { output: ["working\n"], exit: { code: 3 } },
  blocked: asks,
} as const satisfies Record<string, FakeScript>;
type End = keyof typeof ENDS;

async function begun(t: TestContext, end: End): Promise<Bench> {
  const bench = await openBench(t, { script: () => ENDS[end] });
  await bench.enqueue({ label: "dispatch:scripted" });
  return bench;
}

/** How many things a process does to the world from the run's claim to the last word of it. */
async function effectsOf(t: TestContext, end: End): Promise<readonly string[]> {
  const life = new Life(null);
  await live(await begun(t, end), life);
  return life.done;
}

/** Killed there, started again, and looked at when all is quiet. */
async function killedAt(t: TestContext, end: End, at: number, moment: Moment): Promise<Bench> {
  const bench = await begun(t, end);
  const life = new Life(at, moment);
  await live(bench, life);
  assert.ok(life.dead, `it died at ${at}`);
  await live(bench, new Life(null));
  return bench;
}

const answers = ({ forge }: Bench) => forge.said.filter(({ body }) => /^(?:✅|❌|❓)/u.test(body));
const statuses = ({ forge }: Bench) => forge.said.filter(({ body }) => /comment below/.test(body));

async function eachDeath(
  t: TestContext,
  end: End,
  check: (bench: Bench, where: string) => Promise<void> | void,
): Promise<void> {
  const effects = await effectsOf(t, end);
  assert.ok(effects.length > 15, `enough moments to die: ${effects}`);
  for (const [at, name] of effects.entries()) {
    for (const moment of ["before", "after"] as const) {
      await check(await killedAt(t, end, at, moment), `killed ${moment} ${name}, number ${at}`);
    }
  }
}

for (const end of ["completed", "failed", "blocked"] as const) {
  test(`Every accepted command gets exactly one final answer, wherever the bot is killed: ${end}`, async (t) => {
    await eachDeath(t, end, async (bench, where) => {
      const [run, ...others] = await bench.store.runs({});
      assert.deepEqual([run?.state, others], [end, []], where);
      assert.equal(answers(bench).length, 1, where);
      assert.equal(statuses(bench).length, 1, where);
      assert.equal(bench.forge.pulls.length, end === "completed" ? 1 : 0, where);
      assert.deepEqual(bench.forge.removed.length > 0, end !== "blocked", where);
      assert.equal(bench.runtime.living(), 0, where);
      assert.deepEqual(await bench.runtime.list(), [], where);
    });
  });
}

test("A run's state only moves along the allowed arrows, wherever the bot is killed", async (t) => {
  await eachDeath(t, "completed", async (bench, where) => {
    const events = await bench.store.events((await bench.store.runs({}))[0]?.id ?? "");
    for (const { from, to } of events)
      assert.ok(from === null ? to === "queued" : canMove(from, to), `${from} → ${to}, ${where}`);
    assert.equal(events.filter(({ to }) => to === "completed").length, 1, where);
  });
});

test("Agent seconds booked equal the run's seconds, wherever the bot is killed", async (t) => {
  await eachDeath(t, "failed", async (bench, where) => {
    const [run] = await bench.store.runs({});
    const seconds = Math.round(((run?.endedAt ?? 0) - (run?.startedAt ?? 0)) / 1000);
    assert.deepEqual(
      bench.forge.times.map((entry) => entry.seconds),
      [seconds],
      where,
    );
    assert.ok(
      bench.forge.calls.lastIndexOf("startStopwatch") < bench.forge.calls.lastIndexOf("bookTime"),
      where,
    );
  });
});
