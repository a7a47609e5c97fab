/** No forge credential in a run's environment, files, arguments, logs, comments or pushed commits. */
import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { CANARY_KEY, LEAKED_KEY, WEBHOOK_SECRET } from "./bot.ts";
import { answer, answers, finalAnswer, openDesk, say } from "./person.ts";
import { onBothForges } from "./worlds.ts";

async function* filesUnder(dir: string): AsyncGenerator<string> {
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) yield* filesUnder(path);
    else if (entry.isFile() && (await stat(path)).size < 8 << 20) yield path;
  }
}

onBothForges(
  "secrets",
  () => ({}),
  (stage) => {
    test("no credential of the forge, and no other agent's key, reaches a run or what it leaves", async () => {
      const { world, bot } = stage();
      const desk = await openDesk(world, [
        "environment",
        "env FORGE_TOKEN",
        "prompt",
        "write a.txt a",
        "commit All I saw",
      ]);
      await say(desk, "/dispatch");
      await finalAnswer(desk, /pull request/i);
      const secrets = [world.bot.token, WEBHOOK_SECRET, CANARY_KEY];
      for await (const file of filesUnder(bot.config.dataDir)) {
        const bytes = await readFile(file);
        // The inbox keeps webhooks, never their secret; the configuration lives in memory.
        for (const secret of secrets) assert.ok(!bytes.includes(secret), `${file} holds a secret`);
      }
      for (const comment of await answers(desk))
        for (const secret of secrets) assert.ok(!comment.body.includes(secret));
      const [pull] = await world.pulls(desk.repo);
      const prompt = await world.fileAt(desk.repo, pull?.head ?? "", "PROMPT.txt");
      for (const secret of secrets) assert.ok(!prompt?.includes(secret));
    });

    test("work that holds a secret of the bot's is not pushed, and the answer says so", async () => {
      const { world } = stage();
      const desk = await openDesk(world, [
        `write leak.txt ${Buffer.from(LEAKED_KEY).toString("base64")}`,
        "commit Leak",
      ]);
      await say(desk, "/dispatch");
      const final = await finalAnswer(desk, /Failed/);
      assert.match(final.body, /leak\.txt/);
      assert.ok(!final.body.includes(LEAKED_KEY));
      assert.deepEqual(await world.branches(desk.repo), ["main"]);
    });

    test("a secret that the agent prints is not in the log or the answer", async () => {
      const { world } = stage();
      const desk = await openDesk(world, [`say the key is ${LEAKED_KEY}`, "exit 1"]);
      await say(desk, "/dispatch");
      const final = await answer(desk, /code 1/);
      assert.ok(!final.body.includes(LEAKED_KEY));
      assert.match(final.body, /the key is \[/);
    });
  },
);
