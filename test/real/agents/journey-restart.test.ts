/** Real CLIs at work while the bot restarts: the next bot reads on where the last one stopped. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startLocalForgeWorld } from "../../fakes/local-forge-world.ts";
import { inOrder } from "../../fakes/model-server/script.ts";
import { answers, finalAnswer, say } from "../../journeys/person.ts";
import { processesOf } from "./left-alive.ts";
import { withRealAgents } from "./stage.ts";

const AGENTS = ["codex", "claude", "gemini"];
/** More than once, since codex takes a command for a background one after ten seconds. */
const WAIT = { shell: "until [ -e go ]; do sleep 0.05; done" };
const WORK = { shell: "rm go && echo kept > kept.txt" };
const SAID = { say: "I kept on." };

withRealAgents("a restart of the bot", { world: startLocalForgeWorld }, (stage) => {
  test(`${AGENTS.join(", ")} at work are adopted, and each answered once`, async () => {
    const { world, open } = stage();
    const desks = await Promise.all(AGENTS.map(() => open(inOrder(WAIT, WAIT, WAIT, WORK, SAID))));
    for (const [at, desk] of desks.entries()) await say(desk, `/dispatch ${AGENTS[at]}`);
    for (const desk of desks) {
      const isWaiting = async () => {
        const { dir } = (await desk.run().catch(() => null))?.workspace ?? {};
        return dir !== undefined && processesOf(dir).some(({ args }) => args.includes("until [ -e go ]"));
      };
      await world.waitFor(isWaiting, "the shell of the model to wait", 60_000);
    }
    await stage().restart();
    for (const desk of desks) {
      const dir = (await desk.run()).workspace?.dir ?? "";
      await writeFile(join(dir, "repo", "go"), "");
      const final = await finalAnswer(desk, /pull request/i, 60_000);
      assert.match(final.body, /I kept on\./);
      assert.equal((await answers(desk)).length, 2, "one status comment and one final answer");
      const [pull] = await world.pulls(desk.repo);
      assert.equal(await world.fileAt(desk.repo, pull?.head ?? "", "kept.txt"), "kept\n");
      const run = await desk.run();
      assert.equal(run.attempt, 1);
      assert.match(run.session ?? "", /^[0-9a-f-]{36}$/);
      assert.deepEqual(run.report?.exit, { code: 0, signal: null, outOfMemory: false });
      assert.deepEqual(processesOf(dir), []);
    }
  });
});
