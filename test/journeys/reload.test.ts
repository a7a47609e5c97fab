import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { startLocalForgeWorld } from "../fakes/local-forge-world.ts";
import { scripted, startBot, WEBHOOK_SECRET } from "./bot.ts";
import { onForgejo } from "./one-forge.ts";
import { answer, answers, finalAnswer, openDesk, say } from "./person.ts";
import { inCheckout, runOf } from "./sights.ts";

onForgejo(
  "a reload",
  () => ({
    concurrency: 1,
    agents: [scripted()],
    change: (config) => ({ ...config, caps: { ...config.caps, total: 1 } }),
  }),
  (stage) => {
    test("a run that waits behind a cap can be cancelled; a higher cap lets the next one begin", async () => {
      const { world, bot } = stage();
      const [first, second, third] = [
        await openDesk(world, ["until go"]),
        await openDesk(world, ["write b.txt b"]),
        await openDesk(world, ["write c.txt c"]),
      ];
      await say(first, "/dispatch");
      await answer(first, /\*\*Running/);
      await say(second, "/dispatch");
      await answer(second, /Queued/);
      await say(second, "/dispatch cancel");
      await finalAnswer(second, /Cancelled\*\* by/);
      await say(third, "/dispatch");
      await answer(third, /Queued/);
      assert.equal((await runOf(stage(), third))?.state, "queued");
      bot.app.reload({ ...bot.config, caps: { ...bot.config.caps, total: 2 } });
      await finalAnswer(third, /pull request/i);
      await writeFile(await inCheckout(stage(), first, "go"), "");
      await finalAnswer(first);
      assert.equal((await runOf(stage(), second))?.attempt, 0);
    });

    test("agents that come with it can be asked for at once, and those that go cannot", async () => {
      const { world, bot } = stage();
      const desk = await openDesk(world, ["write a.txt a"]);
      await say(desk, "/dispatch later:x do it");
      await answer(desk, /later/);
      const agents = { later: scripted("later") };
      const defaults = { ...bot.config.defaults, agent: "later" };
      bot.app.reload({ ...bot.config, agents, defaults });
      await say(desk, "/dispatch scripted:x do it");
      await answer(desk, /`scripted:x`|scripted/);
      await say(desk, "/dispatch later");
      await finalAnswer(desk, /pull request/i);
      assert.equal((await runOf(stage(), desk))?.pool, "later");
      bot.app.reload(bot.config);
    });
  },
);

test("one bot serves two forges, and mixes up nothing", async (t) => {
  const [one, two] = [await startLocalForgeWorld(), await startLocalForgeWorld()];
  const second = { ...two.forgeConfig(), name: "second", webhookSecret: `${WEBHOOK_SECRET} of the second` };
  const bot = await startBot(one, {
    change: (config) => ({ ...config, forges: [...config.forges, second] }),
  });
  t.after(async () => {
    await bot.close();
    await Promise.all([one.close(), two.close()]);
  });
  two.setHook(`${bot.app.url}/api/webhooks/second`, second.webhookSecret);
  const desks = [await openDesk(one, ["write one.txt 1"]), await openDesk(two, ["write two.txt 2"])] as const;
  for (const desk of desks) await say(desk, "/dispatch");
  for (const [index, desk] of desks.entries()) {
    await finalAnswer(desk, /pull request/i);
    const [pull] = await desk.world.pulls(desk.repo);
    const file = index === 0 ? "one.txt" : "two.txt";
    assert.equal(await desk.world.fileAt(desk.repo, pull?.head ?? "", file), `${index + 1}\n`);
    assert.equal((await answers(desk)).length, 2);
  }
  const forges = (await bot.app.store.runs({})).map(({ repo }) => repo.forge);
  assert.deepEqual(forges.toSorted(), ["local", "second"]);
});
