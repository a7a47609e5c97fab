import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { scripted } from "./bot.ts";
import { answer, answers, type Desk, finalAnswer, openDesk, say } from "./person.ts";
import { onBothForges, type Stage } from "./worlds.ts";

const runOf = async (stage: Stage, desk: Desk) => {
  const [owner = "", name = ""] = desk.repo.split("/");
  return await stage.bot.app.store.lastRun(
    { forge: stage.bot.config.forges[0]?.name ?? "", owner, name },
    desk.issue,
  );
};

onBothForges(
  "the queue",
  () => ({
    agents: [scripted(), scripted("narrow"), scripted("broken")],
    change: (config) => ({ ...config, caps: { ...config.caps, total: 3, pools: { narrow: 1 } } }),
  }),
  (stage) => {
    test("a run over its pool's cap waits, says what is ahead, and another pool goes by", async () => {
      const { world } = stage();
      const [first, second, other] = [
        await openDesk(world, ["until go", "write a.txt a"]),
        await openDesk(world, ["write b.txt b"]),
        await openDesk(world, ["write c.txt c"]),
      ];
      await say(first, "/dispatch narrow");
      await answer(first, /\*\*Running/);
      await say(second, "/dispatch narrow");
      await answer(second, /queued|waiting/i);
      await say(other, "/dispatch scripted");
      await finalAnswer(other, /pull request/i);
      assert.equal((await runOf(stage(), second))?.state, "queued");
      await writeFile(`${(await runOf(stage(), first))?.workspace?.dir}/repo/go`, "");
      await finalAnswer(first, /pull request/i);
      await finalAnswer(second, /pull request/i);
    });

    test("three quick failures in a row pause the pool, and whoever waits is told", async () => {
      const { world, bot } = stage();
      const desks: Desk[] = [];
      for (let count = 0; count < 3; count++) {
        const desk = await openDesk(world, ["exit 1"]);
        desks.push(desk);
        await say(desk, "/dispatch broken");
        await answer(desk, /code 1/);
      }
      await answer(desks[2] as Desk, /paused/i);
      const late = await openDesk(world, ["write a.txt a"]);
      await say(late, "/dispatch broken");
      await answer(late, /paused/i);
      assert.equal((await runOf(stage(), late))?.state, "queued");
      await bot.app.store.pausePool("broken", null);
      await finalAnswer(late, /pull request/i);
      assert.equal((await answers(late)).length, 2);
    });
  },
);
