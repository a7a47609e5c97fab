import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { startLocalForgeWorld } from "../fakes/local-forge-world.ts";
import { startBot } from "./bot.ts";
import { answer, answers, finalAnswer, openDesk, say } from "./person.ts";

test("an agent that runs while the bot restarts is adopted, and its work answered once", async () => {
  const world = await startLocalForgeWorld();
  const first = await startBot(world);
  const desk = await openDesk(world, ["until go", "write a.txt a", "commit A"]);
  await say(desk, "/dispatch");
  await answer(desk, /\*\*Running/);
  const [run] = await first.app.store.runs({ states: ["running"] });
  await first.leave();
  const second = await startBot(world, { dataDir: first.config.dataDir });
  try {
    await writeFile(`${run?.workspace?.dir}/repo/go`, "");
    await finalAnswer(desk, /pull request/i);
    assert.equal((await answers(desk)).length, 2);
    assert.equal((await second.app.store.run(run?.id ?? ""))?.attempt, 1);
  } finally {
    await second.close();
    await world.close();
  }
});

test("a command given while nothing works is kept, and served by the next start", async () => {
  const world = await startLocalForgeWorld();
  const first = await startBot(world);
  await first.app.store.setFrozen(true);
  const desk = await openDesk(world, ["write a.txt a"]);
  await say(desk, "/dispatch");
  await answer(desk, /frozen/i);
  await first.leave();
  const second = await startBot(world, { dataDir: first.config.dataDir });
  try {
    await second.app.store.setFrozen(false);
    await finalAnswer(desk, /pull request/i);
    assert.equal((await answers(desk)).length, 2);
  } finally {
    await second.close();
    await world.close();
  }
});
