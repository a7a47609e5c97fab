import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, answers, finalAnswer, openDesk, say } from "./person.ts";
import { onBothForges } from "./worlds.ts";

const WORK = ["write greeting.txt Hello", "commit Add a greeting"];

onBothForges(
  "commands",
  () => ({}),
  (stage) => {
    test("help lists the commands and the agents", async () => {
      const desk = await openDesk(stage().world, WORK);
      await say(desk, "/dispatch help");
      const help = await answer(desk, /\/dispatch cancel/);
      for (const word of ["status", "retry", "answer", "--dry-run", "scripted"])
        assert.match(help.body, new RegExp(word));
    });

    test("status tells where the run stands", async () => {
      const desk = await openDesk(stage().world, ["hang"]);
      await say(desk, "/dispatch");
      await answer(desk, /\*\*Running/);
      await say(desk, "/dispatch status");
      await desk.world.waitFor(async () => (await answers(desk)).length === 2, "a reply to status");
      assert.match((await answers(desk))[1]?.body ?? "", /running/i);
      await say(desk, "/dispatch cancel");
      await finalAnswer(desk, /Cancelled\*\* by/);
    });

    test("cancel stops a running agent and names who cancelled", async () => {
      const desk = await openDesk(stage().world, ["hang"]);
      await say(desk, "/dispatch");
      await answer(desk, /\*\*Running/);
      await say(desk, "/dispatch cancel");
      const final = await finalAnswer(desk, /Cancelled\*\* by/);
      assert.match(final.body, new RegExp(desk.maintainer));
      assert.deepEqual(await desk.world.pulls(desk.repo), []);
    });

    test("retry runs a failed one again", async () => {
      const desk = await openDesk(stage().world, ["exit 3"]);
      await say(desk, "/dispatch");
      await answer(desk, /code 3/);
      await say(desk, "/dispatch retry");
      await desk.world.waitFor(
        async () => (await answers(desk)).filter((one) => /code 3/.test(one.body)).length === 2,
        "a second final answer",
      );
    });

    test("a second command that would act on the run is told why not, and the issue goes on", async () => {
      const desk = await openDesk(stage().world, ["exit 3"]);
      await say(desk, "/dispatch");
      await answer(desk, /code 3/);
      await say(desk, "/dispatch retry\n/dispatch fix it");
      await answer(desk, /earlier command of this comment/);
      await say(desk, "/dispatch help");
      await answer(desk, /\/dispatch cancel/);
    });

    test("commands without anything to act on get a reason", async () => {
      const desk = await openDesk(stage().world, WORK);
      for (const [command, reason] of [
        ["cancel", /nothing to cancel|no run/i],
        ["retry", /nothing to retry|no run/i],
        ["answer blue", /no question|nothing to answer|not waiting/i],
        ["status", /no run/i],
      ] as const) {
        await say(desk, `/dispatch ${command}`);
        await answer(desk, reason);
      }
    });

    test("a dry run answers with the prompt and touches nothing", async () => {
      const desk = await openDesk(stage().world, WORK);
      await say(desk, "/dispatch --dry-run");
      const reply = await answer(desk, /<details>/);
      assert.match(reply.body, /step: write greeting\.txt/);
      assert.match(reply.body, /BLOCKED\.md/);
      assert.deepEqual(await desk.world.branches(desk.repo), ["main"]);
      assert.equal((await answers(desk)).length, 1);
    });

    test("a task in the comment, a template, a persona, a plan and variables reach the agent", async () => {
      const desk = await openDesk(stage().world, []);
      await say(
        desk,
        "/dispatch scripted --template security --timeout 30m Look at the login\nstep: prompt\nstep: commit Keep the prompt",
      );
      await finalAnswer(desk, /pull request/i);
      const [pull] = await desk.world.pulls(desk.repo);
      const prompt = await desk.world.fileAt(desk.repo, pull?.head ?? "", "PROMPT.txt");
      assert.match(prompt ?? "", /Look at the login/);
      assert.match(prompt ?? "", /securit/i);
      assert.match(prompt ?? "", /Add a greeting/);
    });

    test("a misspelt command gets one short reply with the right one", async () => {
      const desk = await openDesk(stage().world, WORK);
      await say(desk, "/dispatch cancle");
      assert.match((await answer(desk, /could not read/)).body, /Did you mean `cancel`/);
      assert.equal((await answers(desk)).length, 1);
    });

    test("commands in code, in quotes and in edits are no commands", async () => {
      const desk = await openDesk(stage().world, WORK);
      const first = await say(desk, "```\n/dispatch\n```\n> /dispatch\n\nSay `/dispatch` to begin.");
      await desk.world.editComment(desk.repo, first, desk.maintainer, "/dispatch");
      await say(desk, "/dispatch help");
      await answer(desk, /\/dispatch cancel/);
      assert.equal((await answers(desk)).length, 1);
    });
  },
);
