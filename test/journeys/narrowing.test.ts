/** A repository's own configuration: read from the default branch only, and it can only narrow. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ForgeWorld } from "../fakes/forge-world.ts";
import { scripted } from "./bot.ts";
import { answer, type Desk, finalAnswer, openDesk, say } from "./person.ts";
import { runOf } from "./sights.ts";
import { onBothForges } from "./worlds.ts";

const WORK = ["write a.txt a"];

/** A desk whose repository has this in its configuration. */
async function narrowedDesk(world: ForgeWorld, yaml: string, branch = "main"): Promise<Desk> {
  const desk = await openDesk(world, WORK);
  const path = world.kind === "github" ? ".github/dispatch.yml" : ".forgejo/dispatch.yml";
  await world.commit(desk.repo, { by: desk.maintainer, branch, files: { [path]: yaml }, message: "Narrow" });
  return desk;
}

onBothForges(
  "a repository's own configuration",
  () => ({ agents: [scripted(), scripted("other")] }),
  (stage) => {
    test("narrows the agents and the people, and asks for drafts", async () => {
      const desk = await narrowedDesk(stage().world, "agents: [other]\ndraft: true\n");
      await say(desk, "/dispatch scripted");
      assert.match((await answer(desk, /may not be used/)).body, /These may: `other`/);
      await say(desk, "/dispatch");
      await finalAnswer(desk, /pull request/i);
      const [pull] = await desk.world.pulls(desk.repo);
      assert.deepEqual([(await runOf(stage(), desk))?.pool, pull?.draft], ["other", true]);
    });

    test("narrows the people, whatever they may write", async () => {
      const { world } = stage();
      const desk = await narrowedDesk(world, "users: [somebody-else]\n");
      await say(desk, "/dispatch");
      await answer(desk, /you may not command agents/);
      assert.equal(await runOf(stage(), desk), null);
    });

    test("cannot widen: neither agents nor the time", async () => {
      const desk = await narrowedDesk(stage().world, "agents: [scripted, claude]\ntimeout: 10h\n");
      await say(desk, "/dispatch claude:opus do it");
      await answer(desk, /no agent `claude:opus`|neither an agent|claude/);
      assert.equal(await runOf(stage(), desk), null);
      await say(desk, "/dispatch");
      await finalAnswer(desk, /pull request/i);
      assert.equal((await runOf(stage(), desk))?.request.timeoutMs, stage().bot.config.limits.totalMs);
    });

    test("does not count on another branch", async () => {
      const desk = await narrowedDesk(stage().world, "enabled: false\n", "topic");
      await say(desk, "/dispatch");
      await finalAnswer(desk, /pull request/i);
    });

    test("is told with file, line and key when it is wrong, and starts nothing", async () => {
      const desk = await narrowedDesk(stage().world, "agents: [scripted]\ncolour: red\n");
      await say(desk, "/dispatch");
      await answer(desk, /dispatch\.yml:2:1: colour/);
      assert.equal(await runOf(stage(), desk), null);
    });
  },
);
