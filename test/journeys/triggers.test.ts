import assert from "node:assert/strict";
import { test } from "node:test";
import { scripted } from "./bot.ts";
import { answer, answers, finalAnswer, openDesk, say } from "./person.ts";
import { onBothForges } from "./worlds.ts";

const WORK = ["write greeting.txt Hello from the agent", "commit Add a greeting"];

onBothForges(
  "triggers",
  () => ({ agents: [scripted(), scripted("other")] }),
  (stage, kind) => {
    test("a comment becomes a branch, a pull request and one answer", async () => {
      const desk = await openDesk(stage().world, WORK);
      const comment = await say(desk, "/dispatch");
      const final = await finalAnswer(desk, /pull request/i);
      const [pull] = await desk.world.pulls(desk.repo);
      assert.ok(pull, "a pull request was opened");
      assert.match(pull.body, new RegExp(`Closes #${desk.issue}\\b`));
      assert.match(pull.head, new RegExp(`^agent/add-a-greeting-${desk.issue}$`));
      assert.equal(pull.draft, false);
      assert.match(final.body, new RegExp(`#${pull.number}|/${pull.number}\\b`));
      assert.equal(await desk.world.fileAt(desk.repo, pull.head, "greeting.txt"), "Hello from the agent\n");
      const reactions = await desk.world.reactions(desk.repo, comment, desk.issue);
      assert.deepEqual(
        reactions.map(({ content, by }) => [content, by]),
        [["eyes", desk.world.bot.login]],
      );
      assert.equal((await answers(desk)).length, 2, "one status comment and one final answer");
    });

    test("a label on an issue starts the agent it names, and is taken off at the end", async () => {
      const desk = await openDesk(stage().world, WORK);
      await desk.world.addLabel(desk.repo, desk.issue, desk.maintainer, "dispatch:other");
      await finalAnswer(desk, /pull request/i);
      assert.equal((await desk.world.pulls(desk.repo)).length, 1);
      await desk.world.waitFor(
        async () => (await desk.world.labels(desk.repo, desk.issue)).length === 0,
        "no label left",
      );
    });

    test("the label starts a further run when it is put on again", async () => {
      const desk = await openDesk(stage().world, ["exit 3"]);
      const finals = async () => (await answers(desk)).filter(({ body }) => /code 3/.test(body)).length;
      for (const round of [1, 2]) {
        await desk.world.addLabel(desk.repo, desk.issue, desk.maintainer, "dispatch:other");
        await desk.world.waitFor(async () => (await finals()) === round, `final answer ${round}`);
        await desk.world.waitFor(
          async () => (await desk.world.labels(desk.repo, desk.issue)).length === 0,
          "no label left",
        );
      }
    });

    test("an issue opened with the label starts one run", async () => {
      const desk = await openDesk(stage().world, WORK, ["dispatch:scripted", "bug"]);
      await finalAnswer(desk, /pull request/i);
      assert.equal((await desk.world.pulls(desk.repo)).length, 1);
      assert.equal((await answers(desk)).length, 2);
    });

    if (kind === "forgejo") {
      test("the scoped form of the label works too", async () => {
        const desk = await openDesk(stage().world, WORK);
        await desk.world.addLabel(desk.repo, desk.issue, desk.maintainer, "dispatch/scripted");
        await finalAnswer(desk, /pull request/i);
        assert.equal((await desk.world.pulls(desk.repo)).length, 1);
      });
    }

    test("another label starts nothing", async () => {
      const desk = await openDesk(stage().world, WORK);
      await desk.world.addLabel(desk.repo, desk.issue, desk.maintainer, "bug");
      await say(desk, "/dispatch help");
      await answer(desk, /\/dispatch/);
      assert.equal((await answers(desk)).length, 1);
      assert.equal(
        await stage().bot.app.store.lastRun(
          { ...repoOf(stage().bot.config.forges[0]?.name, desk.repo) },
          desk.issue,
        ),
        null,
      );
    });

    test("on a pull request of the same repository the work goes to its branch", async () => {
      const desk = await openDesk(stage().world, []);
      const { world, repo, maintainer } = desk;
      await world.commit(repo, {
        by: maintainer,
        branch: "topic",
        files: { "topic.txt": "t\n" },
        message: "Begin a topic",
      });
      const pull = await world.openPull(repo, {
        by: maintainer,
        head: "topic",
        base: "main",
        title: "A topic",
      });
      await say(
        { ...desk, issue: pull },
        "/dispatch scripted\nstep: write more.txt More\nstep: commit Add more",
      );
      await finalAnswer({ ...desk, issue: pull }, /Completed/);
      assert.equal(await world.fileAt(repo, "topic", "more.txt"), "More\n");
      assert.equal((await world.pulls(repo)).length, 1, "no second pull request");
    });

    test("on a pull request of a fork the work goes to a branch of the bot's, and the answer says so", async () => {
      const desk = await openDesk(stage().world, []);
      const { world, repo, maintainer } = desk;
      const stranger = `stranger-of-${desk.issue}-${desk.repo.split("-").at(-1)}`;
      await world.createUser(stranger);
      const fork = await world.fork(repo, stranger);
      await world.commit(fork, {
        by: stranger,
        branch: "patch",
        files: { "patch.txt": "p\n" },
        message: "A patch",
      });
      const pull = await world.openPull(repo, {
        by: stranger,
        head: `${stranger}:patch`,
        base: "main",
        title: "A patch",
      });
      await say(
        { ...desk, issue: pull },
        "/dispatch scripted\nstep: write more.txt More\nstep: commit Add more",
        maintainer,
      );
      const final = await finalAnswer({ ...desk, issue: pull }, /pull request/i);
      const mine = (await world.pulls(repo)).find((one) => one.head.startsWith("agent/"));
      assert.ok(mine, `a pull request of the bot's: ${final.body}`);
      assert.equal(await world.fileAt(repo, mine.head, "patch.txt"), "p\n");
      assert.equal(await world.fileAt(repo, mine.head, "more.txt"), "More\n");
    });
  },
);

function repoOf(forge: string | undefined, repo: string) {
  const [owner = "", name = ""] = repo.split("/");
  return { forge: forge ?? "", owner, name };
}
