import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, answers, finalAnswer, openDesk, say } from "./person.ts";
import { onBothForges } from "./worlds.ts";

onBothForges(
  "outcomes",
  () => ({}),
  (stage, kind) => {
    test("a run that changes nothing says so, with the agent's last words, and opens nothing", async () => {
      const desk = await openDesk(stage().world, ["say looked around"]);
      await say(desk, "/dispatch");
      const final = await finalAnswer(desk, /no changes/);
      assert.match(final.body, /followed every step/);
      assert.deepEqual(await desk.world.pulls(desk.repo), []);
    });

    test("what the agent left uncommitted is committed for it, with the requester as co-author", async () => {
      const desk = await openDesk(stage().world, ["write left.txt Left"]);
      await say(desk, "/dispatch");
      await finalAnswer(desk, /pull request/i);
      const [pull] = await desk.world.pulls(desk.repo);
      assert.equal(await desk.world.fileAt(desk.repo, pull?.head ?? "", "left.txt"), "Left\n");
    });

    test("an agent that exits with another code than 0 failed: the code and the last lines are told", async () => {
      const desk = await openDesk(stage().world, ["say before it went wrong", "exit 7"]);
      await say(desk, "/dispatch");
      const final = await finalAnswer(desk, /Failed/);
      assert.match(final.body, /Agent exited with code 7/);
      assert.match(final.body, /<details>[\s\S]*before it went wrong/);
      assert.deepEqual(await desk.world.pulls(desk.repo), []);
    });

    test("an agent killed by a signal failed: the signal is told", async () => {
      const desk = await openDesk(stage().world, ["kill SIGKILL"]);
      await say(desk, "/dispatch");
      assert.match((await finalAnswer(desk, /Failed/)).body, /SIGKILL/);
    });

    test("exit 0 without the agent's word of success is no success", async () => {
      const desk = await openDesk(stage().world, ["write half.txt half", "exit 0"]);
      await say(desk, "/dispatch");
      await finalAnswer(desk, /Failed/);
      assert.deepEqual(await desk.world.pulls(desk.repo), []);
    });

    test("an agent over its time limit is stopped, also one deaf to TERM", async () => {
      const desk = await openDesk(stage().world, ["deaf"]);
      await say(desk, "/dispatch --timeout 10s");
      const final = await finalAnswer(desk, /Timed out/, 40_000);
      assert.match(final.body, /10 s/);
    });

    test("a question blocks the run; a maintainer's answer resumes it in the same workspace", async () => {
      const desk = await openDesk(stage().world, [
        "write draft.txt uncommitted",
        "ask Which colour?",
        "write colour.txt {answer}",
        "commit Choose",
      ]);
      await say(desk, "/dispatch");
      const question = await answer(desk, /Which colour\?/);
      assert.match(question.body, /\/dispatch answer/);
      await say(desk, "/dispatch answer blue");
      await finalAnswer(desk, /pull request/i);
      const [pull] = await desk.world.pulls(desk.repo);
      assert.equal(await desk.world.fileAt(desk.repo, pull?.head ?? "", "colour.txt"), "blue\n");
      assert.equal(await desk.world.fileAt(desk.repo, pull?.head ?? "", "draft.txt"), "uncommitted\n");
      assert.equal(await desk.world.fileAt(desk.repo, pull?.head ?? "", "BLOCKED.md"), null);
      assert.equal((await answers(desk)).length, 3, "status, question, final answer");
    });

    test("agent seconds booked equal the run's seconds, and no clock is left running", async (t) => {
      const { world, bot } = stage();
      const desk = await openDesk(world, ["write a.txt a", "until go"]);
      await say(desk, "/dispatch");
      const run = async () =>
        (await bot.app.store.runs({ limit: 1000 })).find(
          (one) => one.issue.title && `${one.repo.owner}/${one.repo.name}` === desk.repo,
        );
      await world.waitFor(async () => (await run())?.state === "running", "the run to be running");
      if (kind === "forgejo") {
        await world.waitFor(
          async () => (await world.runningStopwatches(world.bot.login)).length > 0,
          "a running clock",
        );
      }
      const started = (await run())?.startedAt ?? 0;
      await world.waitFor(() => Date.now() > started + 1600, "one and a half seconds of work");
      const { writeFile } = await import("node:fs/promises");
      await writeFile(`${(await run())?.workspace?.dir}/repo/go`, "");
      await finalAnswer(desk, /pull request/i);
      const ended = await run();
      const seconds = Math.round(((ended?.endedAt ?? 0) - (ended?.startedAt ?? 0)) / 1000);
      if (kind === "github") return t.diagnostic("GitHub has no time tracking: a check run carries it");
      await world.waitFor(
        async () => (await world.bookedTime(desk.repo, desk.issue)).length > 0,
        "booked time",
      );
      assert.deepEqual(await world.bookedTime(desk.repo, desk.issue), [{ seconds, by: world.bot.login }]);
      await world.waitFor(
        async () => !(await world.runningStopwatches(world.bot.login)).includes(`${desk.repo}#${desk.issue}`),
        "no clock left",
      );
    });
  },
);
