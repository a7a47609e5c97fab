/** Webhooks that never come: the bot was down, or the network was. Each command is served once all the same. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ForgeWorld } from "../fakes/forge-world.ts";
import { startFakeGithub } from "../fakes/github/fake-github.ts";
import { startLocalForgeWorld } from "../fakes/local-forge-world.ts";
import { type Bot, type BotOptions, startBot } from "./bot.ts";
import { answers, type Desk, finalAnswer, openDesk, say } from "./person.ts";
import { atRest } from "./sights.ts";
import { onBothForges } from "./worlds.ts";

const STEPS = ["write a.txt a", "commit A"] as const;
const LABEL = "dispatch:scripted";
const everySoOften = (): BotOptions => ({ change: (config) => ({ ...config, catchUpMs: 100 }) });

async function runsOf(bot: Bot, { repo, issue }: Desk): Promise<number> {
  const runs = await bot.app.store.runs({ limit: 1000 });
  return runs.filter((run) => `${run.repo.owner}/${run.repo.name}` === repo && run.issue.number === issue)
    .length;
}

/** How far the bot has looked through its forge. */
const lookedUntil = (bot: Bot) => bot.app.store.bookmark(`catch-up:${bot.config.forges[0]?.name}`);

async function looksAgain(world: ForgeWorld, bot: Bot): Promise<void> {
  const before = await lookedUntil(bot);
  await world.waitFor(async () => (await lookedUntil(bot)) !== before, "the next look");
}

for (const [kind, open] of [
  ["forgejo", startLocalForgeWorld],
  ["github as an App", startFakeGithub],
  ["github with a token", () => startFakeGithub({ as: "token" })],
] as const) {
  test(`what was asked while the bot was down is served once it is up, and what was served is not: ${kind}`, async () => {
    const world: ForgeWorld = await open();
    const first = await startBot(world);
    let last = first;
    try {
      await world.waitFor(async () => (await lookedUntil(first)) !== null, "the first look");
      const [commented, labelled] = [await openDesk(world, STEPS), await openDesk(world, STEPS)];
      await say(commented, "/dispatch");
      await world.addLabel(labelled.repo, labelled.issue, labelled.maintainer, LABEL);
      for (const desk of [commented, labelled]) await finalAnswer(desk);
      await atRest({ world, bot: first });
      const [lateWord, lateLabel] = [await openDesk(world, STEPS), await openDesk(world, STEPS)];
      const strange = await openDesk(world, STEPS);
      await world.createUser("stranger");
      await first.leave();
      await say(lateWord, "/dispatch");
      await world.addLabel(lateLabel.repo, lateLabel.issue, lateLabel.maintainer, LABEL);
      await say(strange, "/dispatch", "stranger");
      last = await startBot(world, { dataDir: first.config.dataDir });
      for (const desk of [lateWord, lateLabel]) await finalAnswer(desk);
      await atRest({ world, bot: last });
      const runs = [];
      for (const desk of [commented, labelled, lateWord, lateLabel, strange])
        runs.push(await runsOf(last, desk));
      assert.deepEqual(runs, [1, 1, 1, 1, 0]);
      assert.equal((await answers(strange)).length, 1);
    } finally {
      await last.close();
      await world.close();
    }
  });
}

onBothForges("missed while the bot is up", everySoOften, (stage) => {
  test("a comment and a label whose webhooks were lost are found by the next look", async () => {
    const { world, bot } = stage();
    const [commented, labelled] = [await openDesk(world, STEPS), await openDesk(world, STEPS)];
    const ends = [commented, labelled].map(({ repo }) => world.dropWebhooks(repo));
    await say(commented, "/dispatch");
    await world.addLabel(labelled.repo, labelled.issue, labelled.maintainer, LABEL);
    for (const desk of [commented, labelled]) await finalAnswer(desk);
    for (const end of ends) end();
    await looksAgain(world, bot);
    assert.deepEqual([await runsOf(bot, commented), await runsOf(bot, labelled)], [1, 1]);
  });

  test("what was served is found by every look, and served by none", async () => {
    const { world, bot } = stage();
    const [commented, labelled] = [await openDesk(world, STEPS), await openDesk(world, ["until go"])];
    await say(commented, "/dispatch");
    await world.addLabel(labelled.repo, labelled.issue, labelled.maintainer, LABEL);
    await finalAnswer(commented);
    for (let looks = 0; looks < 2; looks++) await looksAgain(world, bot);
    assert.deepEqual([await runsOf(bot, commented), await runsOf(bot, labelled)], [1, 1]);
    assert.deepEqual([(await answers(commented)).length, (await answers(labelled)).length], [2, 1]);
  });

  test("a label that is put on again counts, though the bot's taking it off was not delivered", async () => {
    const { world, bot } = stage();
    const desk = await openDesk(world, STEPS);
    const add = () => world.addLabel(desk.repo, desk.issue, desk.maintainer, LABEL);
    const begun = Date.now();
    await add();
    await world.waitFor(async () => (await runsOf(bot, desk)) === 1, "the run");
    const end = world.dropWebhooks(desk.repo);
    await world.waitFor(
      async () => (await world.labels(desk.repo, desk.issue)).length === 0,
      "no label",
      30_000,
    );
    // Forges tell whole seconds, and GitHub two times for one adding.
    await world.waitFor(() => Date.now() > begun + 4_000, "later");
    end();
    await add();
    await world.waitFor(async () => (await runsOf(bot, desk)) === 2, "another run", 30_000);
  });
});

test("a label whose webhook was lost is served for who put it on, though one who may not touches another", async () => {
  const world = await startLocalForgeWorld();
  const bot = await startBot(world, { change: (config) => ({ ...config, catchUpMs: null }) });
  try {
    await world.waitFor(async () => (await lookedUntil(bot)) !== null, "the only look");
    const desk = await openDesk(world, STEPS);
    await world.createUser("stranger");
    const end = world.dropWebhooks(desk.repo);
    await world.addLabel(desk.repo, desk.issue, desk.maintainer, LABEL);
    end();
    await world.addLabel(desk.repo, desk.issue, "stranger", "later");
    await finalAnswer(desk);
    const runs = await bot.app.store.runs({});
    assert.deepEqual(
      runs.map(({ trigger }) => trigger.by.login),
      [desk.maintainer],
    );
    // Its status and its end: no refusal.
    assert.equal((await answers(desk)).length, 2);
  } finally {
    await bot.close();
    await world.close();
  }
});
