import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { type ForgejoStage, onForgejo, onGithub } from "./one-forge.ts";
import { answer, type Desk, finalAnswer, openDesk, say } from "./person.ts";
import { atRest, inCheckout, runOf } from "./sights.ts";

/** Starts a run that works until it is let go. */
async function startsToWork(desk: Desk): Promise<void> {
  await say(desk, "/dispatch");
  await answer(desk, /\*\*Running/);
}

async function endsItsWork(stage: Pick<ForgejoStage, "bot">, desk: Desk): Promise<void> {
  await writeFile(await inCheckout(stage, desk, "go"), "");
  await finalAnswer(desk, /pull request/i);
}

async function secondsOf(stage: Pick<ForgejoStage, "bot">, desk: Desk): Promise<number> {
  const run = await runOf(stage, desk);
  return Math.round(((run?.endedAt ?? 0) - (run?.startedAt ?? 0)) / 1000);
}

const WORK = ["write a.txt a", "until go"];
/** Long enough that no seconds are rounded to nothing. */
const worked = (since: number) => () => Date.now() > since + 1_600;

onForgejo(
  "time",
  () => ({}),
  (stage) => {
    test("of two runs at once both times are booked exactly, and no clock is left running", async () => {
      const { world, bot } = stage();
      const desks = [await openDesk(world, WORK), await openDesk(world, WORK)];
      for (const desk of desks) await startsToWork(desk);
      await world.waitFor(
        async () => (await world.runningStopwatches(world.bot.login)).length > 0,
        "a clock",
      );
      await world.waitFor(worked(Date.now()), "some work");
      for (const desk of desks) await endsItsWork(stage(), desk);
      await atRest(stage());
      for (const desk of desks) {
        const seconds = await secondsOf({ bot }, desk);
        assert.deepEqual(await world.bookedTime(desk.repo, desk.issue), [{ seconds, by: world.bot.login }]);
      }
      assert.deepEqual(
        (await world.runningStopwatches(world.bot.login)).filter((one) =>
          desks.some(({ repo }) => one.startsWith(repo)),
        ),
        [],
      );
    });

    test("where time tracking is off, the answer alone tells the time", async () => {
      const { world } = stage();
      const desk = await openDesk(world, WORK);
      world.local.setTimeTracking(desk.repo, false);
      await startsToWork(desk);
      await endsItsWork(stage(), desk);
      assert.match((await finalAnswer(desk, /pull request/i)).body, /agent time/);
      await atRest(stage());
      assert.deepEqual(await world.bookedTime(desk.repo, desk.issue), []);
    });
  },
);

onGithub(
  "time",
  () => ({}),
  (stage) => {
    test("a check run on the pushed commit has the agent's start and end", async () => {
      const { world } = stage();
      const desk = await openDesk(world, WORK);
      await startsToWork(desk);
      await endsItsWork(stage(), desk);
      await atRest(stage());
      const run = await runOf(stage(), desk);
      const [pull] = await world.pulls(desk.repo);
      const checks = world.checkRuns(desk.repo, pull?.headSha ?? "") as readonly Record<string, unknown>[];
      const iso = (ms: number | null | undefined) => new Date(ms ?? 0).toISOString();
      assert.deepEqual(
        checks.map((check) => [check.started_at, check.completed_at, check.conclusion]),
        [[iso(run?.startedAt), iso(run?.endedAt), "success"]],
      );
      assert.deepEqual(world.violations(), []);
    });
  },
);
