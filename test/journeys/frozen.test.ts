import { test } from "node:test";
import { answer, finalAnswer, openDesk, say } from "./person.ts";
import { onBothForges } from "./worlds.ts";

onBothForges(
  "a frozen queue",
  () => ({}),
  (stage) => {
    test("cancel takes a waiting run out of the queue", async () => {
      const { world, bot } = stage();
      await bot.app.store.setFrozen(true);
      try {
        const desk = await openDesk(world, []);
        await say(desk, "/dispatch");
        await answer(desk, /queued|frozen|waiting/i);
        await say(desk, "/dispatch cancel");
        await finalAnswer(desk, /Cancelled\*\* by/);
      } finally {
        await bot.app.store.setFrozen(false);
      }
    });
  },
);
