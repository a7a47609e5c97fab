import assert from "node:assert/strict";
import { test } from "node:test";
import { scripted } from "./bot.ts";
import { onForgejo } from "./one-forge.ts";
import { finalAnswer, openDesk, say } from "./person.ts";
import { pushedPrompt, runOf } from "./sights.ts";

/** Fails the first time, leaving its work; goes on from it the next time. */
const TWICE = `cat > /dev/null
if [ -f kept.txt ]; then echo second >> kept.txt; echo DONE again; else echo first > kept.txt; exit 3; fi`;

onForgejo(
  "requests",
  () => ({ agents: [scripted(), scripted("twice", { argv: ["sh", "-c", TWICE] })] }),
  (stage) => {
    test("a persona and a plan with its variables reach the agent", async () => {
      const desk = await openDesk(stage().world, []);
      await say(
        desk,
        `/dispatch --persona mentor --plan feature --var feature="a dark theme" Do it\nstep: prompt\nstep: commit Keep`,
      );
      await finalAnswer(desk, /pull request/i);
      const prompt = await pushedPrompt(desk);
      assert.match(prompt, /senior engineer who teaches/);
      assert.match(prompt, /- \[ \] .*a dark theme/);
    });

    test("--branch begins at that branch, and the pull request goes there", async () => {
      const desk = await openDesk(stage().world, ["write a.txt a"]);
      const { world, repo, maintainer: by } = desk;
      await world.commit(repo, { by, branch: "next", files: { "next.txt": "n\n" }, message: "Next" });
      await say(desk, "/dispatch --branch next");
      await finalAnswer(desk, /pull request/i);
      const [pull] = await world.pulls(repo);
      assert.equal(pull?.base, "next");
      assert.equal(await world.fileAt(repo, pull?.head ?? "", "next.txt"), "n\n");
      assert.equal(await world.fileAt(repo, pull?.head ?? "", "a.txt"), "a\n");
    });

    test("a second run on the same issue gets a branch and a pull request of its own", async () => {
      const desk = await openDesk(stage().world, ["write a.txt a"]);
      for (const count of [1, 2]) {
        await say(desk, "/dispatch");
        await desk.world.waitFor(
          async () => (await desk.world.pulls(desk.repo)).length === count,
          `pull request number ${count}`,
          30_000,
        );
        await desk.world.waitFor(
          async () => (await runOf(stage(), desk))?.state === "completed",
          "the end of the run",
        );
      }
      const heads = (await desk.world.pulls(desk.repo)).map(({ head }) => head);
      const first = `agent/add-a-greeting-${desk.issue}`;
      assert.deepEqual(heads.toSorted(), [first, `${first}-2`]);
    });

    test("retry after a failure goes on where the agent left off", async () => {
      const desk = await openDesk(stage().world, []);
      await say(desk, "/dispatch twice do it");
      await finalAnswer(desk, /code 3/);
      await say(desk, "/dispatch retry");
      await finalAnswer(desk, /pull request/i);
      const [pull] = await desk.world.pulls(desk.repo);
      assert.equal(await desk.world.fileAt(desk.repo, pull?.head ?? "", "kept.txt"), "first\nsecond\n");
      assert.equal((await runOf(stage(), desk))?.attempt, 2);
    });
  },
);
