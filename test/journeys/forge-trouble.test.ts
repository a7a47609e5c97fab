/** What people see of a bot whose forge is down, asks it to wait, or does not take its token any more. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { type LocalForgeWorld, startLocalForgeWorld } from "../fakes/local-forge-world.ts";
import { type Bot, startBot, WEBHOOK_SECRET } from "./bot.ts";
import { answer, answers, type Desk, finalAnswer, openDesk, say } from "./person.ts";
import { atRest, inCheckout, runOf } from "./sights.ts";

const WORK = ["write greeting.txt Hello", "commit Add a greeting"];

interface Stage {
  readonly world: LocalForgeWorld;
  /** Configured as the forge `second`. */
  readonly second: LocalForgeWorld;
  readonly bot: Bot;
}

async function openStage(t: TestContext, begin = (_world: LocalForgeWorld): void => {}): Promise<Stage> {
  const [world, second] = await Promise.all([startLocalForgeWorld(), startLocalForgeWorld()]);
  begin(world);
  second.setHook("http://127.0.0.1:9/not-yet", WEBHOOK_SECRET);
  const other = { ...second.forgeConfig(), name: "second" };
  const bot = await startBot(world, {
    change: (config) => ({
      ...config,
      forges: [...config.forges, other],
      secrets: { ...config.secrets, SECOND_TOKEN: second.bot.token },
    }),
  });
  second.setHook(`${bot.app.url}/api/webhooks/second`, WEBHOOK_SECRET);
  t.after(async () => {
    await bot.close();
    await Promise.all([world.close(), second.close()]);
  });
  return { world, second, bot };
}

async function readiness({ app }: Bot) {
  const response = await fetch(`${app.url}/readyz`);
  const body = (await response.json()) as { ready: boolean; degraded?: { forges: Record<string, string> } };
  return { status: response.status, ...body };
}

/** The bot's token is taken back, by API and git alike; returns what makes it work again. */
function revoke({ bot }: LocalForgeWorld): () => void {
  const { token } = bot;
  Object.assign(bot, { token: "another token" });
  return () => void Object.assign(bot, { token });
}

/** Calls `seen` at each request for the desk's repository, before it is answered as ever. */
function onRepositoryAsked({ local }: LocalForgeWorld, desk: Desk, seen: () => void): () => void {
  const when = () => {
    seen();
    return false;
  };
  return local.fail("GET", new RegExp(`^/repos/${desk.repo}$`), 500, { when });
}

async function assertDegraded(world: LocalForgeWorld, bot: Bot): Promise<void> {
  await world.waitFor(async () => (await readiness(bot)).degraded !== undefined, "the forge to be closed");
  const { ready, degraded } = await readiness(bot);
  assert.deepEqual([ready, Object.keys(degraded?.forges ?? {})], [true, ["local"]]);
}

async function goOn(stage: Pick<Stage, "bot">, desk: Desk): Promise<void> {
  await writeFile(await inCheckout(stage, desk, "go"), "");
}

/** The status comment, then the answer, and no third. */
async function assertAnsweredOnce(desk: Desk, pattern: RegExp): Promise<void> {
  const [status, last, ...more] = await answers(desk);
  assert.deepEqual(more, []);
  assert.match(status?.body ?? "", /in a comment below/);
  assert.match(last?.body ?? "", pattern);
}

test("what ends while the forge is down is answered once and in order when it is back", async (t) => {
  const stage = await openStage(t);
  const { world, bot } = stage;
  const failing = await openDesk(world, ["until go", "exit 4"]);
  const working = await openDesk(world, ["until go", ...WORK]);
  for (const desk of [failing, working]) {
    await say(desk, "/dispatch");
    await answer(desk, /\*\*Running/);
  }
  const end = world.local.fail(null, /./, 503);
  await goOn(stage, failing);
  await goOn(stage, working);
  await world.waitFor(async () => (await runOf(stage, failing))?.state === "failed", "the run's end");
  await world.waitFor(async () => (await runOf(stage, working))?.state === "publishing", "the other's end");
  assert.ok((await bot.app.store.pendingEffects()) > 0);
  end();
  await finalAnswer(failing, /code 4/, 60_000);
  await finalAnswer(working, /pull request/, 60_000);
  await atRest({ world, bot });
  await assertAnsweredOnce(failing, /code 4/);
  await assertAnsweredOnce(working, /pull request/i);
  assert.equal((await world.pulls(working.repo)).length, 1);
  assert.deepEqual(await world.runningStopwatches(world.bot.login), []);
});

test("an issue on which the forge does not answer holds up no other, and is answered once when it does", async (t) => {
  const stage = await openStage(t);
  const { world } = stage;
  const [slow, other] = [await openDesk(world, ["exit 4"]), await openDesk(world, ["exit 4"])];
  const release = world.local.hang(new RegExp(`^/repos/${slow.repo}/issues/${slow.issue}/comments$`));
  await say(slow, "/dispatch");
  await say(other, "/dispatch");
  await finalAnswer(other, /code 4/);
  assert.deepEqual(await answers(slow), []);
  release();
  await finalAnswer(slow, /code 4/, 60_000);
  await atRest(stage);
  await assertAnsweredOnce(slow, /code 4/);
});

test("a forge that asks to be left alone for two seconds is, on every issue, and is told all of it afterwards", async (t) => {
  const stage = await openStage(t);
  const { world } = stage;
  const [first, other] = [await openDesk(world, ["exit 4"]), await openDesk(world, ["exit 4"])];
  const asked: number[] = [];
  const spied = () => asked.push(Date.now()) === 1;
  world.local.fail("POST", /\/(?:comments|reactions)$/, 429, {
    headers: { "retry-after": "2" },
    when: spied,
  });
  await say(first, "/dispatch");
  await world.waitFor(() => asked.length > 0, "the limit");
  await say(other, "/dispatch");
  for (const desk of [first, other]) await finalAnswer(desk, /code 4/, 60_000);
  await atRest(stage);
  for (const desk of [first, other]) await assertAnsweredOnce(desk, /code 4/);
  const [limited = 0, ...later] = asked;
  assert.ok(
    later.every((at) => at - limited >= 1_990),
    `${later.map((at) => at - limited)} ms later`,
  );
});

test("a revoked token stops new work for its forge alone, and what waited is served once when it works again", async (t) => {
  const stage = await openStage(t);
  const { world, second, bot } = stage;
  const { store } = bot.app;
  const [running, queued, waiting] = [
    await openDesk(world, ["until go", "exit 4"]),
    await openDesk(world, WORK),
    await openDesk(world, WORK),
  ];
  await say(running, "/dispatch");
  await answer(running, /\*\*Running/);
  await store.setFrozen(true);
  await say(queued, "/dispatch");
  await answer(queued, /frozen/i);
  await atRest(stage);

  const restore = world.local.fail(null, /./, 401);
  await say(waiting, "/dispatch");
  await world.waitFor(async () => (await readiness(bot)).degraded !== undefined, "the forge to be closed");
  const { status, ready, degraded } = await readiness(bot);
  assert.deepEqual([status, ready, Object.keys(degraded?.forges ?? {})], [200, true, ["local"]]);
  assert.match(degraded?.forges.local ?? "", /401/);

  await store.setFrozen(false);
  const elsewhere = await openDesk(second, WORK);
  await say(elsewhere, "/dispatch");
  await finalAnswer(elsewhere, /pull request/);
  await goOn(stage, running);
  await world.waitFor(async () => (await runOf(stage, running))?.state === "failed", "the run to go on");
  assert.equal((await runOf(stage, queued))?.state, "queued");
  assert.equal(await runOf(stage, waiting), null);

  restore();
  for (const desk of [queued, waiting]) await finalAnswer(desk, /pull request/, 90_000);
  await finalAnswer(running, /code 4/);
  await atRest(stage);
  for (const desk of [queued, waiting]) await assertAnsweredOnce(desk, /pull request/i);
  await assertAnsweredOnce(running, /code 4/);
  assert.equal((await readiness(bot)).degraded, undefined);
});

test("a bot that starts with one token refused serves its other forge, and this one once it is accepted", async (t) => {
  let restore = () => {};
  const stage = await openStage(t, (world) => {
    restore = world.local.fail(null, /./, 401);
  });
  const { world, second, bot } = stage;
  const [waiting, served] = [await openDesk(world, WORK), await openDesk(second, WORK)];
  await say(waiting, "/dispatch");
  await say(served, "/dispatch");
  await finalAnswer(served, /pull request/);
  assert.deepEqual(Object.keys((await readiness(bot)).degraded?.forges ?? {}), ["local"]);
  assert.deepEqual(await answers(waiting), []);
  restore();
  await finalAnswer(waiting, /pull request/, 90_000);
  await atRest(stage);
  await assertAnsweredOnce(waiting, /pull request/i);
});

test("a repository that is closed to the bot holds up no other, and is served again when it is open", async (t) => {
  const stage = await openStage(t);
  const { world, bot } = stage;
  const [shut, open] = [await openDesk(world, WORK), await openDesk(world, WORK)];
  const restore = world.local.fail(null, new RegExp(`^/repos/${shut.repo}(?:/|$)`), 404);
  await say(shut, "/dispatch");
  await say(open, "/dispatch");
  await finalAnswer(open, /pull request/);
  await atRest(stage);
  assert.deepEqual(await answers(shut), []);
  assert.equal((await readiness(bot)).degraded, undefined);
  restore();
  await say(shut, "/dispatch");
  await finalAnswer(shut, /pull request/);
  await atRest(stage);
  await assertAnsweredOnce(shut, /pull request/i);
});

/** The agent works on while the token is revoked, and its work is refused; the bot may be started anew meanwhile. */
async function worksWhileRevoked(t: TestContext, restarts: boolean): Promise<void> {
  const world = await startLocalForgeWorld();
  let bot = await startBot(world);
  t.after(async () => {
    await bot.close();
    await world.close();
  });
  const desk = await openDesk(world, ["until go", ...WORK]);
  const run = async () => await runOf({ bot }, desk);
  await say(desk, "/dispatch");
  await answer(desk, /\*\*Running/);
  await atRest({ world, bot });
  const restore = revoke(world);
  const startedAt = (await run())?.startedAt ?? 0;
  await world.waitFor(() => Date.now() > startedAt + 1_600, "seconds that are not rounded to nothing");
  let asked = 0;
  onRepositoryAsked(world, desk, () => asked++);
  await goOn({ bot }, desk);
  await world.waitFor(() => asked > 0, "the work to be refused");
  await assertDegraded(world, bot);
  assert.equal((await run())?.state, "publishing");
  assert.equal((await answers(desk)).length, 1, "nothing is said but the status");
  if (restarts) {
    await bot.leave();
    const { config } = bot;
    bot = await startBot(world, { dataDir: config.dataDir, change: () => config });
    await assertDegraded(world, bot);
    assert.equal((await run())?.state, "publishing");
  }
  restore();
  await finalAnswer(desk, /pull request/, 90_000);
  await atRest({ world, bot });
  await assertAnsweredOnce(desk, /pull request/i);
  assert.equal((await world.pulls(desk.repo)).length, 1);
  const { startedAt: start = 0, endedAt: end = 0 } = (await run()) ?? {};
  const seconds = Math.round(((end ?? 0) - (start ?? 0)) / 1000);
  assert.deepEqual(await world.bookedTime(desk.repo, desk.issue), [{ seconds, by: world.bot.login }]);
  assert.deepEqual(await world.runningStopwatches(world.bot.login), []);
  assert.equal((await readiness(bot)).degraded, undefined);
}

test("work that is done while the token is revoked is published when it works again", (t) =>
  worksWhileRevoked(t, false));

test("work that waits for the token is published by the bot's next life, too", (t) =>
  worksWhileRevoked(t, true));

test("a run whose token is revoked before the fetch goes back to the queue, and is served once", async (t) => {
  for (const first of ["the API", "git"]) {
    const stage = await openStage(t);
    const { world, bot } = stage;
    const { store } = bot.app;
    const desk = await openDesk(world, WORK);
    await store.setFrozen(true);
    await say(desk, "/dispatch");
    await answer(desk, /frozen/i);
    await atRest(stage);
    const restores: (() => void)[] = [];
    const take = () => restores.length === 0 && restores.push(revoke(world));
    const disarm = onRepositoryAsked(world, desk, () => {
      // Answered in this turn, so that it is the fetch, right after it, that is refused.
      if (first === "git") setImmediate(take);
      else take();
    });
    await store.setFrozen(false);
    const id = (await runOf(stage, desk))?.id ?? "";
    const moves = async () => (await store.events(id)).map(({ to }) => to).join(" ");
    await world.waitFor(async () => /preparing queued$/.test(await moves()), `${first} to be refused`);
    disarm();
    await assertDegraded(world, bot);
    assert.equal((await answers(desk)).length, 1, "nothing is said but the status");
    for (const restore of restores) restore();
    await finalAnswer(desk, /pull request/, 90_000);
    await atRest(stage);
    await assertAnsweredOnce(desk, /pull request/i);
    assert.equal(await moves(), "queued preparing queued preparing running publishing completed");
    assert.equal((await world.pulls(desk.repo)).length, 1);
  }
});
