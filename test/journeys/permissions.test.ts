/** Who may command, narrowed by the admin; each test reloads the bot with its own rules. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PermissionConfig } from "../../src/config/config.ts";
import { type ForgejoStage, type GithubStage, onForgejo, onGithub } from "./one-forge.ts";
import { answer, answers, type Desk, finalAnswer, openDesk, say } from "./person.ts";
import { atRest, KEEP_PROMPT, pushedPrompt, runOf } from "./sights.ts";

const WORK = ["write a.txt a"];
let people = 0;

type Stage = ForgejoStage | GithubStage;

function reload({ bot }: Stage, permission: Partial<PermissionConfig>, draft = false): void {
  const { config } = bot;
  const defaults = { ...config.defaults, draft };
  bot.app.reload({ ...config, defaults, permission: { ...config.permission, ...permission } });
}

/** Someone else who may write to the desk's repository. */
async function writer({ world, repo }: Desk, name = "writer", bot = false): Promise<string> {
  const login = `${name}${++people}`;
  await world.createUser(login, { bot });
  await world.grant(repo, login, "write");
  return login;
}

async function refused(stage: Stage, desk: Desk, by: string, words: RegExp): Promise<void> {
  await say(desk, "/dispatch", by);
  await answer(desk, words);
  assert.equal(await runOf(stage, desk), null);
}

onForgejo(
  "permissions",
  () => ({ concurrency: 1 }),
  (stage) => {
    test("narrowed to people and a team, others who may write are refused, without a hint", async () => {
      const { world } = stage();
      const desk = await openDesk(world, WORK);
      const [listed, member] = [await writer(desk, "listed"), await writer(desk, "member")];
      world.local.createTeam("acme-org", "core", [member]);
      reload(stage(), { users: [listed], teams: ["acme-org/core"] }, true);
      await refused(stage(), desk, desk.maintainer, /you may not command agents/);
      const [refusal] = await answers(desk);
      assert.doesNotMatch(refusal?.body ?? "", new RegExp(`${listed}|core`));
      await say(desk, "/dispatch", listed);
      await finalAnswer(desk, /pull request/i);
      const second = await openDesk(world, WORK);
      await world.grant(second.repo, member, "write");
      await say(second, "/dispatch", member);
      await finalAnswer(second, /pull request/i);
      for (const { repo } of [desk, second])
        assert.equal((await world.pulls(repo))[0]?.draft, true, "drafts, as the admin wants");
    });

    test("who is listed but may not write is refused all the same", async () => {
      const desk = await openDesk(stage().world, WORK);
      await stage().world.createUser("listed-reader");
      reload(stage(), { users: ["listed-reader"] });
      await refused(stage(), desk, "listed-reader", /you may not command agents/);
    });

    test("repositories outside the list are met with silence", async () => {
      const [served, other] = [await openDesk(stage().world, WORK), await openDesk(stage().world, WORK)];
      reload(stage(), { repositories: [served.repo] });
      await say(other, "/dispatch");
      await say(served, "/dispatch");
      await finalAnswer(served, /pull request/i);
      await atRest(stage());
      assert.deepEqual([await answers(other), await runOf(stage(), other)], [[], null]);
    });

    test("bots are refused unless the admin lists them", async () => {
      const desk = await openDesk(stage().world, WORK);
      const robot = await writer(desk, "deploy-bot-");
      await stage().world.createUser("release-bot");
      await stage().world.grant(desk.repo, "release-bot", "write");
      reload(stage(), { bots: [robot] });
      await refused(stage(), desk, "release-bot", /Bots may not command/);
      await say(desk, "/dispatch", robot);
      await finalAnswer(desk, /pull request/i);
    });
  },
);

onForgejo(
  "a bot that may not ask for permissions",
  () => ({ concurrency: 1, world: { botAdmin: false } }),
  (stage) => {
    test("takes the owner's word, and tells others what the admin can do", async () => {
      const desk = await openDesk(stage().world, WORK);
      await refused(stage(), desk, desk.maintainer, /administrator of[\s\S]*trusted_writers/);
      await say(desk, "/dispatch", desk.repo.split("/")[0] ?? "");
      await finalAnswer(desk, /pull request/i);
    });

    test("takes the word of trusted writers, and lets the agent read what they said before", async () => {
      const desk = await openDesk(stage().world, KEEP_PROMPT);
      const other = await writer(desk);
      reload(stage(), { trustedWriters: [desk.maintainer.toUpperCase()] });
      await say(desk, "Mind the umlauts.");
      await say(desk, "Never mind.", other);
      await say(desk, "/dispatch");
      await finalAnswer(desk, /pull request/i);
      const prompt = await pushedPrompt(desk);
      assert.match(prompt, /Mind the umlauts\./);
      assert.doesNotMatch(prompt, /Never mind/);
    });
  },
);

onGithub(
  "permissions",
  () => ({ concurrency: 1 }),
  (stage) => {
    test("narrowed to a team, its members are served and other writers are not", async () => {
      const { world } = stage();
      const desk = await openDesk(world, WORK);
      const member = await writer(desk, "member");
      await world.createTeam("acme-org", "core", [member]);
      reload(stage(), { teams: ["acme-org/core"] });
      await refused(stage(), desk, desk.maintainer, /you may not command agents/);
      await say(desk, "/dispatch", member);
      await finalAnswer(desk, /pull request/i);
    });

    test("bots are refused unless the admin lists them", async () => {
      const desk = await openDesk(stage().world, WORK);
      const [robot, other] = [await writer(desk, "robot", true), await writer(desk, "other", true)];
      reload(stage(), { bots: [robot] });
      await refused(stage(), desk, other, /Bots may not command/);
      await say(desk, "/dispatch", robot);
      await finalAnswer(desk, /pull request/i);
    });
  },
);
