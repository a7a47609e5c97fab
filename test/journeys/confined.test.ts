/** An agent that runs on the host confined by bubblewrap works as any other, and takes nothing of the server's along. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { confines } from "../runtimes/native/confines.ts";
import { type BotOptions, scripted } from "./bot.ts";
import { finalAnswer, openDesk, say } from "./person.ts";
import { onBothForges } from "./worlds.ts";

/** Commits one file, leaves one uncommitted, and tells what it finds of the server's. */
const WORKS = `cat >/dev/null; data=$(cd ../../../../../.. && pwd)
for it in "$data" "$data/dispatch.sqlite" ../.logs; do ls "$it" >>seen.txt 2>/dev/null; done
cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep -c FORGE_TOKEN >count.txt
git add -A && git commit -q -m "Look around" && echo left >left.txt && echo DONE looked around`;
/** Goes on where it was left when it got its answer. */
const ASKS = `if [ -e asked ]; then cat >/dev/null; rm asked; echo more >>half.txt; echo DONE both halves; exit; fi
cat >/dev/null; echo half >half.txt; touch asked; echo "Which colour?" >BLOCKED.md; echo DONE asked`;

const options = (): BotOptions => ({
  agents: [scripted("looks", { argv: ["sh", "-c", WORKS] }), scripted("asks", { argv: ["sh", "-c", ASKS] })],
  change: (config) => ({ ...config, defaults: { ...config.defaults, agent: "looks", confined: true } }),
});

if (await confines()) {
  onBothForges("confined agents", options, (stage) => {
    test("what it committed and what it left is published, and of the server's it saw nothing", async () => {
      const { world } = stage();
      const desk = await openDesk(world, []);
      await say(desk, "/dispatch looks");
      await finalAnswer(desk, /pull request/i);
      const [pull] = await world.pulls(desk.repo);
      const at = (file: string) => world.fileAt(desk.repo, pull?.head ?? "", file);
      assert.equal(await at("left.txt"), "left\n");
      assert.equal(await at("count.txt"), "0\n");
      assert.equal((await at("seen.txt"))?.replace(/^workspace\n/, ""), "");
    });

    test("after a question it goes on in the checkout that it left", async () => {
      const { world } = stage();
      const desk = await openDesk(world, []);
      await say(desk, "/dispatch asks");
      await finalAnswer(desk, /Which colour/);
      await say(desk, "/dispatch answer blue");
      await finalAnswer(desk, /both halves/);
      const [pull] = await world.pulls(desk.repo);
      assert.equal(await world.fileAt(desk.repo, pull?.head ?? "", "half.txt"), "half\nmore\n");
    });
  });
}
