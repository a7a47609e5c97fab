/**
 * The worker killed at everything it does to the world, just before and just after, its run taken over by a worker of
 * another machine, and the first one coming back when all is over.
 */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { Config } from "../../src/config/config.ts";
import { lost } from "../../src/worker/fence.ts";
import type { FakeScript } from "../fakes/runtime.ts";
import { type Bench, DONE, LEASE_MS, openBench } from "../worker/bench.ts";
import { openMachine, pass } from "../worker/machine.ts";
import { createPlainFleet } from "../worker/plain-fleet.ts";
import { Life, type Moment } from "./mortal.ts";
import { live } from "./mortal-worker.ts";

type End = "completed" | "failed" | "blocked";
type Setting = Config["lost"];

/** The agent works for four seconds before it says anything. */
function ending(end: End, clock: () => Bench["clock"]): FakeScript {
  const works = async () => {
    await turn();
    clock().ms += 4_000;
  };
  const asks: FakeScript["act"] = async ({ folders }) => {
    await works();
    await writeFile(join(folders.checkout, "BLOCKED.md"), "Which colour?");
  };
  if (end === "blocked") return { act: asks };
  if (end === "failed") return { act: works, output: ["working\n"], exit: { code: 3 } };
  return { act: works, output: ["working\n", DONE] };
}

async function begun(t: TestContext, end: End, setting: Setting): Promise<Bench> {
  const change = (config: Config) => ({ ...config, lost: setting });
  const script = () => ending(end, () => bench.clock);
  const bench: Bench = await openBench(t, { script, change, fleet: createPlainFleet() });
  await bench.enqueue({ label: "dispatch:scripted" });
  return bench;
}

async function effectsOf(t: TestContext, end: End): Promise<readonly string[]> {
  const life = new Life(null);
  await live(await begun(t, end, "restart"), life);
  return life.done;
}

interface Death {
  readonly end: End;
  readonly setting: Setting;
  readonly at: number;
  readonly moment: Moment;
}

/** Killed there; another machine takes over when it may, and the first comes back to its agents. */
async function takenOver(t: TestContext, { end, setting, at, moment }: Death): Promise<Bench> {
  const bench = await begun(t, end, setting);
  const life = new Life(at, moment);
  await live(bench, life);
  assert.ok(life.dead, `it died at ${at}`);
  const whose = lost(bench.deps);
  await pass(bench, LEASE_MS + (whose === "own" ? 0 : whose.lostMs));
  const machine = openMachine(
    bench,
    "other",
    ending(end, () => bench.clock),
  );
  await live(bench, new Life(null), { machine, whose });
  assert.equal(machine.runtime.living(), 0);
  const said = saidBy(bench);
  await live(bench, new Life(null));
  assert.deepEqual(saidBy(bench), said, "who comes back says nothing");
  return bench;
}

const saidBy = ({ forge }: Bench) => [forge.said.map(({ body }) => body), forge.times, forge.pulls.length];
const answers = ({ forge }: Bench) => forge.said.filter(({ body }) => /^(?:✅|❌|❓)/u.test(body));
const statuses = ({ forge }: Bench) => forge.said.filter(({ body }) => /comment below/.test(body));

/** As it would have ended, or as failed where lost runs are to fail. */
async function checkBooks(bench: Bench, { end, setting }: Death, where: string): Promise<void> {
  const [run, ...others] = await bench.store.runs({});
  assert.deepEqual(others, [], where);
  const wasLost = run?.outcome?.kind === "failed" && run.outcome.reason === "lost";
  if (setting === "restart") assert.equal(run?.state, end, where);
  else assert.ok(run?.state === end || wasLost, `${run?.state}, ${where}`);
  assert.equal(answers(bench).length, 1, where);
  assert.equal(statuses(bench).length, 1, where);
  if (end === "completed" && !wasLost) assert.equal(bench.forge.pulls.length, 1, where);
  assert.ok(bench.forge.pulls.length <= 1, where);
  assert.equal(bench.forge.removed.length > 0, run?.state !== "blocked", where);
  const worked = (run?.agentMs ?? 0) + ((run?.endedAt ?? run?.startedAt ?? 0) - (run?.startedAt ?? 0));
  const booked = bench.forge.times.reduce((sum, { seconds }) => sum + seconds, 0);
  assert.equal(booked, Math.round(worked / 1000), where);
  const started = bench.forge.calls.lastIndexOf("startStopwatch");
  assert.ok(started < 0 || started < bench.forge.calls.lastIndexOf("bookTime"), where);
  assert.equal(bench.runtime.living(), 0, where);
  assert.deepEqual(await bench.runtime.list(), [], where);
}

for (const setting of ["restart", "fail"] as const) {
  for (const end of ["completed", "failed", "blocked"] as const) {
    test(`Every accepted command gets exactly one final answer when its machine is lost: ${end}, ${setting}`, async (t) => {
      const effects = await effectsOf(t, end);
      assert.ok(effects.length > 15, `enough moments to die: ${effects}`);
      for (const [at, name] of effects.entries()) {
        for (const moment of ["before", "after"] as const) {
          const death = { end, setting, at, moment };
          const bench = await takenOver(t, death);
          await checkBooks(bench, death, `killed ${moment} ${name}, number ${at}`);
        }
      }
    });
  }
}
