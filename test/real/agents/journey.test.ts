/** The real CLIs do whole runs of the bot: from the trigger on a forge to the pull request, or the question. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startFakeGithub } from "../../fakes/github/fake-github.ts";
import { startLocalForgeWorld } from "../../fakes/local-forge-world.ts";
import { inOrder } from "../../fakes/model-server/script.ts";
import { answer, answers, finalAnswer, say } from "../../journeys/person.ts";
import { processesOf } from "./left-alive.ts";
import { assertNoSecrets } from "./no-secrets.ts";
import { CLEAN_PATH } from "./programs.ts";
import { type ScriptedDesk, withRealAgents } from "./stage.ts";

const SAID = { say: "I wrote the greeting and committed it." };
/** It leaves a process behind in a session of its own, and takes a second, so that there is time to book. */
const WORK = {
  shell: [
    "printf 'hello\\n' > greeting.txt",
    "env | cut -d= -f1 | sort > names.txt",
    "printf '%s' \"$PATH\" > path.txt",
    "git add -A && git commit -q -m 'Greet'",
    "(setsid sleep 300 </dev/null >/dev/null 2>&1 &)",
    "sleep 1",
  ].join(" && "),
};
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const FORGE_SECRETS = ["FORGE_TOKEN", "WEBHOOK_SECRET"];

withRealAgents("a real agent on forgejo", { world: startLocalForgeWorld, concurrency: 1 }, (stage) => {
  // Whose shells must not know which names; codex keeps even its own key from them.
  for (const [name, unknown] of [
    ["codex", ["CODEX_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"]],
    ["claude", ["CODEX_API_KEY", "GEMINI_API_KEY"]],
    ["gemini", ["CODEX_API_KEY", "ANTHROPIC_API_KEY"]],
    ["local", ["CODEX_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"]],
  ] as const) {
    test(`${name} turns an issue into a pull request, and leaves no process and no secret behind`, async () => {
      const { world, bot } = stage();
      const desk = await stage().open(inOrder(WORK, SAID));
      if (name === "codex") await world.addLabel(desk.repo, desk.issue, desk.maintainer, "dispatch:codex");
      else await say(desk, `/dispatch ${name}`);
      const names = await assertPublished(desk, await finalAnswer(desk, /pull request/i, 60_000));
      for (const secret of [...FORGE_SECRETS, ...unknown]) assert.ok(!names.includes(secret), secret);
      const run = await desk.run();
      assert.deepEqual(processesOf(run.workspace?.dir ?? ""), []);
      await assertNoSecrets(bot, desk);
      const seconds = Math.round(((run.endedAt ?? 0) - (run.startedAt ?? 0)) / 1000);
      assert.ok(seconds >= 1);
      const booked = () => world.bookedTime(desk.repo, desk.issue);
      await world.waitFor(async () => (await booked()).length > 0, "booked time");
      assert.deepEqual(await booked(), [{ seconds, by: world.bot.login }]);
    });
  }

  test("codex:review reviews a pull request, and pushes nothing even if it committed", async () => {
    const { world } = stage();
    // It reads the change as it is told to, and disobeys in committing.
    const desk = await stage().open((turn) => {
      const look = /git diff [0-9a-f]{40} HEAD/.exec(turn.prompt)?.[0] ?? "false";
      return inOrder({ shell: look }, WORK, { say: "fail\n\ntopic.txt, line 1: it is not greeted." })(turn);
    });
    const { repo, maintainer: by } = desk;
    await world.commit(repo, {
      by,
      branch: "topic",
      files: { "topic.txt": "topical\n" },
      message: "Begin a topic",
    });
    const pull = await world.openPull(repo, { by, head: "topic", base: "main", title: "A topic" });
    const [before] = await world.pulls(repo);
    await say({ ...desk, issue: pull }, `/dispatch codex:review\nstep: script ${desk.script}`);
    const reviews = async () => await world.reviews(repo, pull);
    await world.waitFor(async () => (await reviews()).length > 0, "a review", 60_000);
    const [review] = await reviews();
    assert.match(review?.body ?? "", /fail[\s\S]*topic\.txt, line 1: it is not greeted\./);
    assert.equal(review?.by, world.bot.login);
    assert.match(JSON.stringify(desk.asked()[1]?.body), /\+topical/, "it saw what the pull request changes");
    assert.deepEqual(await world.pulls(repo), [before]);
    assert.deepEqual([...(await world.branches(repo))].sort(), ["main", "topic"]);
    assert.deepEqual(processesOf((await desk.run(pull)).workspace?.dir ?? ""), []);
  });
});

withRealAgents("a real agent with a question", { world: startLocalForgeWorld, concurrency: 3 }, (stage) => {
  for (const name of ["codex", "claude", "gemini"]) {
    test(`${name} asks, and goes on in its own session when it is answered`, async () => {
      const desk = await stage().open((turn) => {
        if (/\bteal\b/.test(turn.prompt)) return inOrder({ shell: "echo teal > colour.txt" }, SAID)(turn);
        return inOrder(
          { shell: "echo 'Which colour?' > BLOCKED.md" },
          { say: "I wait for the colour." },
        )(turn);
      });
      await say(desk, `/dispatch ${name}`);
      await answer(desk, /Blocked[\s\S]*Which colour\?/, 60_000);
      const blocked = await desk.run();
      assert.equal(blocked.state, "blocked");
      assert.match(blocked.session ?? "", UUID);
      const before = desk.asked().length;
      await say(desk, "/dispatch answer teal");
      await finalAnswer(desk, /pull request/i, 60_000);
      const [pull] = await desk.world.pulls(desk.repo);
      assert.equal(await desk.world.fileAt(desk.repo, pull?.head ?? "", "colour.txt"), "teal\n");
      const run = await desk.run();
      assert.equal(run.session, blocked.session);
      assert.equal(run.attempt, 2);
      const resumed = desk.asked().slice(before);
      assert.match(
        JSON.stringify(resumed[0]?.body),
        /I wait for the colour\./,
        "the earlier turns are there",
      );
      assert.deepEqual(processesOf(run.workspace?.dir ?? ""), []);
    });
  }
});

withRealAgents("a real agent on github", { world: startFakeGithub }, (stage) => {
  test("claude turns an issue into a pull request, and leaves no process and no secret behind", async () => {
    const { world, bot } = stage();
    const desk = await stage().open(inOrder(WORK, SAID));
    await say(desk, "/dispatch claude");
    const names = await assertPublished(desk, await finalAnswer(desk, /pull request/i, 60_000));
    for (const secret of FORGE_SECRETS) assert.ok(!names.includes(secret), secret);
    assert.deepEqual(processesOf((await desk.run()).workspace?.dir ?? ""), []);
    await assertNoSecrets(bot, desk);
    assert.deepEqual(world.violations(), []);
  });
});

/** Returns the names in the environment of the shell that the model used. */
async function assertPublished(desk: ScriptedDesk, final: { readonly body: string }) {
  const { world, repo, issue } = desk;
  const [pull] = await world.pulls(repo);
  assert.ok(pull, final.body);
  assert.match(pull.body, new RegExp(`Closes #${issue}\\b`));
  assert.equal(await world.fileAt(repo, pull.head, "greeting.txt"), "hello\n");
  assert.match(final.body, new RegExp(SAID.say));
  assert.match(final.body, /agent time \d+ s/);
  assert.match(final.body, /[1-9][\d,]* tokens in .*[1-9]\d* out/);
  assert.equal((await answers(desk)).length, 2, "one status comment and one final answer");
  const run = await desk.run();
  assert.equal(run.state, "completed");
  assert.match(run.session ?? "", UUID);
  assert.deepEqual(run.report?.exit, { code: 0, signal: null, outOfMemory: false });
  const path = await world.fileAt(repo, pull.head, "path.txt");
  assert.ok(path?.endsWith(CLEAN_PATH), `the shell has the admin's PATH: ${path}`);
  const names = await world.fileAt(repo, pull.head, "names.txt");
  assert.ok(names);
  return names.split("\n");
}
