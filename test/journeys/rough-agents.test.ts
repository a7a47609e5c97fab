import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { LEAKED_KEY, scripted } from "./bot.ts";
import { onForgejo } from "./one-forge.ts";
import { answers, finalAnswer, openDesk, say } from "./person.ts";
import { atRest, pushedPrompt, runOf } from "./sights.ts";

/** An agent that is a line of shell. */
const shell = (name: string, line: string) =>
  scripted(name, { argv: ["sh", "-c", `cat > /dev/null; ${line}`] });

onForgejo(
  "rough agents",
  () => ({
    agents: [
      scripted(),
      shell("linker", "ln -s /etc/passwd BLOCKED.md; echo DONE it"),
      shell("piper", "mkfifo BLOCKED.md; echo DONE it"),
      shell("folder", "mkdir BLOCKED.md; echo DONE it"),
      shell("leaker", `echo "DONE with ${LEAKED_KEY}"`),
    ],
  }),
  (stage) => {
    for (const [agent, what] of [
      ["linker", "a link"],
      ["piper", "a pipe"],
      ["folder", "a folder"],
    ] as const) {
      test(`a BLOCKED.md that is ${what} is no question`, async () => {
        const desk = await openDesk(stage().world, []);
        await say(desk, `/dispatch ${agent} do it`);
        const final = await finalAnswer(desk, /Completed/);
        assert.doesNotMatch(final.body, /root:/);
        for (const pull of await desk.world.pulls(desk.repo))
          assert.equal(await desk.world.fileAt(desk.repo, pull.head, "BLOCKED.md"), null);
      });
    }

    test("a secret that is an agent's last word reaches no comment", async () => {
      const desk = await openDesk(stage().world, []);
      await say(desk, "/dispatch leaker do it");
      await finalAnswer(desk, /Completed/);
      await atRest(stage());
      for (const { body } of await answers(desk)) assert.ok(!body.includes(LEAKED_KEY));
      assert.ok(!(await runOf(stage(), desk))?.report?.lastMessage?.includes(LEAKED_KEY));
    });

    test("a prompt of 100 KB arrives whole", async () => {
      const desk = await openDesk(stage().world, [`say ${"i".repeat(38_000)}`]);
      for (let comment = 0; comment < 5; comment++) await say(desk, `${comment} ${"c".repeat(7_900)}`);
      const task = "t".repeat(19_000);
      await say(desk, `/dispatch\nstep: prompt\nstep: commit Keep the prompt\n${task} the end`);
      await finalAnswer(desk, /pull request/i);
      const prompt = await pushedPrompt(desk);
      assert.ok(prompt.length > 95_000, `${prompt.length} characters`);
      assert.match(prompt, /t the end\n/);
      assert.match(prompt, /4 c{7900}/);
      assert.match(prompt, /BLOCKED\.md[\s\S]*$/);
    });

    test("an agent that prints 100,000 lines is heard to its end, and its log has a size", async () => {
      const { bot, world } = stage();
      const desk = await openDesk(world, ["noise 100000", "exit 5"]);
      await say(desk, "/dispatch");
      const final = await finalAnswer(desk, /code 5/, 60_000);
      assert.match(final.body, /line 99999 of noise/);
      const run = await runOf(stage(), desk);
      const { size } = await stat(join(bot.config.dataDir, "logs", `${run?.id}.${run?.attempt}.log`));
      assert.ok(size > 100_000 && size <= bot.config.limits.logBytes * 1.1, `${size} bytes`);
    });
  },
);

onForgejo(
  "an idle limit",
  () => ({
    agents: [shell("silent", "echo thinking; exec sleep 60")],
    change: (config) => ({
      ...config,
      defaults: { ...config.defaults, agent: "silent" },
      limits: { ...config.limits, idleMs: 1_500 },
    }),
  }),
  (stage) => {
    test("stops an agent that falls silent, and says so", async () => {
      const desk = await openDesk(stage().world, []);
      await say(desk, "/dispatch");
      const final = await finalAnswer(desk, /Timed out/);
      assert.match(final.body, /without a sign of life/);
      assert.match(final.body, /thinking/);
      assert.equal((await runOf(stage(), desk))?.state, "timed_out");
    });
  },
);
