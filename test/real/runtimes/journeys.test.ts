/** The whole bot with agents in containers: from a comment to a pull request, over a restart, and to a cancel. */
import assert from "node:assert/strict";
import { lstat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type LocalForgeWorld, startLocalForgeWorld } from "../../fakes/local-forge-world.ts";
import { type Bot, type BotOptions, scripted, startBot } from "../../journeys/bot.ts";
import { answer, type Desk, finalAnswer, openDesk, say } from "../../journeys/person.ts";
import { ENGINE_ENV, engine, skipReason } from "./engine.ts";
import { AGENT, IMAGE } from "./image.ts";

/** Two engines and a bot on a busy machine. */
const PATIENCE_MS = 120_000;

for (const name of ["docker", "podman"] as const) {
  describe(`the bot with agents in ${name}`, { skip: await skipReason(name) }, () => {
    const options: BotOptions = {
      agents: [{ ...scripted("scripted", { argv: ["node", AGENT] }), runtime: name, image: IMAGE }],
      change: (config) => ({ ...config, engineEnv: ENGINE_ENV }),
    };
    let world: LocalForgeWorld;
    let bot: Bot;
    before(async () => {
      world = await startLocalForgeWorld();
      bot = await startBot(world, options);
    });
    after(async () => {
      await bot?.close();
      await world?.close();
    });

    const runOf = async ({ issue, repo }: Desk) => {
      const runs = await bot.app.store.runs({});
      const found = runs.find(
        (run) => run.issue.number === issue && `${run.repo.owner}/${run.repo.name}` === repo,
      );
      assert.ok(found);
      return found;
    };
    const containersOf = (runId: string) =>
      engine(name, "ps", "--all", "--quiet", "--filter", `label=agent-dispatch.run=${runId}`).trim();

    test("an agent's commit becomes a pull request, and its container and launch folder are gone", async () => {
      const desk = await openDesk(world, [
        "write a.txt from-inside",
        "commit Add a",
        "write b.txt left",
        "env HOME",
      ]);
      await say(desk, "/dispatch");
      await finalAnswer(desk, /pull request/i, PATIENCE_MS);
      const run = await runOf(desk);
      assert.equal(run.report?.exit?.code, 0);
      assert.ok(run.report?.logTail.includes("HOME=/home/agent"));
      assert.equal(containersOf(run.id), "");
      const dir = run.workspace?.dir ?? "";
      await assert.rejects(lstat(join(dir, ".logs", "launch.1")));
      const { uid } = await lstat(join(dir, "repo", "a.txt"));
      assert.equal(uid, process.getuid?.() === 0 ? 1000 : process.getuid?.());
    });

    test("an agent's exit code is told as it is", async () => {
      const desk = await openDesk(world, ["exit 7"]);
      await say(desk, "/dispatch");
      await finalAnswer(desk, /exited with code 7/, PATIENCE_MS);
    });

    test("an agent that is cancelled is gone, with its container", async () => {
      const desk = await openDesk(world, ["until never"]);
      await say(desk, "/dispatch");
      await answer(desk, /\*\*Running/, PATIENCE_MS);
      await say(desk, "/dispatch cancel");
      await finalAnswer(desk, /Cancelled/, PATIENCE_MS);
      assert.equal(containersOf((await runOf(desk)).id), "");
    });

    test("an agent that runs while the bot restarts is adopted, and its work published", async () => {
      const desk = await openDesk(world, ["until go", "write a.txt a", "commit A"]);
      await say(desk, "/dispatch");
      await answer(desk, /\*\*Running/, PATIENCE_MS);
      const { workspace } = await runOf(desk);
      await bot.leave();
      bot = await startBot(world, { ...options, dataDir: bot.config.dataDir });
      await writeFile(join(workspace?.dir ?? "", "repo", "go"), "");
      await finalAnswer(desk, /pull request/i, PATIENCE_MS);
      assert.equal((await runOf(desk)).attempt, 1);
    });
  });
}
