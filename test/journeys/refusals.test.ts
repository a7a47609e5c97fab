import assert from "node:assert/strict";
import { test } from "node:test";
import { scripted } from "./bot.ts";
import { answer, answers, finalAnswer, openDesk, say } from "./person.ts";
import { onBothForges } from "./worlds.ts";

const WORK = ["write greeting.txt Hello", "commit Add a greeting"];

onBothForges(
  "refusals",
  () => ({ agents: [scripted(), scripted("gone", { argv: ["no-such-program-anywhere"] })] }),
  (stage) => {
    test("a stranger gets one reason, without a hint, and no work starts", async () => {
      const desk = await openDesk(stage().world, WORK);
      const stranger = `passerby${desk.repo.split("-").at(-1)}`;
      await desk.world.createUser(stranger);
      await say(desk, "/dispatch", stranger);
      const reply = await answer(desk, /./);
      assert.doesNotMatch(reply.body, new RegExp(desk.maintainer));
      await say(desk, "/dispatch status");
      await answer(desk, /no run/i);
      assert.equal((await answers(desk)).length, 2);
    });

    test("someone who may only read is refused", async () => {
      const desk = await openDesk(stage().world, WORK);
      const reader = `reader${desk.repo.split("-").at(-1)}`;
      await desk.world.createUser(reader);
      await desk.world.grant(desk.repo, reader, "read");
      await say(desk, "/dispatch", reader);
      await answer(desk, /./);
      assert.deepEqual(await desk.world.pulls(desk.repo), []);
    });

    test("an unknown agent is refused before anything is cloned, with the nearest right one", async () => {
      const desk = await openDesk(stage().world, WORK);
      await say(desk, "/dispatch scriptd:fast do it");
      const reply = await answer(desk, /unknown agent: scriptd|scriptd/i);
      assert.match(reply.body, /scripted/);
      assert.deepEqual(await desk.world.branches(desk.repo), ["main"]);
    });

    test("an unknown template is refused with the ones there are", async () => {
      const desk = await openDesk(stage().world, WORK);
      await say(desk, "/dispatch --template nonsense");
      assert.match((await answer(desk, /nonsense/)).body, /coding/);
    });

    test("a second command on a busy issue says so and starts nothing", async () => {
      const desk = await openDesk(stage().world, ["hang"]);
      await say(desk, "/dispatch");
      await answer(desk, /\*\*Running/);
      await say(desk, "/dispatch");
      await answer(desk, /already/i);
      await say(desk, "/dispatch cancel");
      await finalAnswer(desk, /Cancelled\*\* by/);
      assert.equal((await answers(desk)).length, 3);
    });

    test("a missing program fails the run with what to install", async () => {
      const desk = await openDesk(stage().world, WORK);
      await say(desk, "/dispatch gone");
      assert.match((await answer(desk, /no-such-program-anywhere/)).body, /install|PATH/i);
    });
  },
);
