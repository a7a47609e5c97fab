import assert from "node:assert/strict";
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import pino from "pino";
import { createHousekeeping, type FreedByKind } from "../../src/housekeeping/housekeeping.ts";
import { createWorkspaces } from "../../src/workspace/workspaces.ts";
import { startLocalForgeWorld } from "../fakes/local-forge-world.ts";
import { type Bot, startBot } from "./bot.ts";
import { answer, finalAnswer, openDesk, say } from "./person.ts";
import { atRest, runOf } from "./sights.ts";

const DAY = 24 * 3_600_000;
const A_WEEK = { ageMs: 7 * DAY, bytes: null };

/** A round as the bot would make it these days later; what it said. */
async function roundAfter(
  days: number,
  { app, config }: Bot,
): Promise<{ freed: FreedByKind; said: string[] }> {
  const said: string[] = [];
  const now = () => Date.now() + days * DAY;
  const { holdings } = createWorkspaces({
    root: config.workspaceRoot,
    mirrors: join(config.dataDir, "mirrors"),
    author: config.git,
    signing: null,
    now,
    path: config.baseEnv.PATH ?? "",
    spares: config.spares,
    network: {},
    warn: (message) => said.push(message),
  });
  const housekeeping = createHousekeeping({
    store: app.store,
    holdings,
    logsDir: join(config.dataDir, "logs"),
    config: () => ({
      everyMs: DAY,
      workspaces: A_WEEK,
      mirrors: A_WEEK,
      logs: A_WEEK,
      deliveriesMs: 7 * DAY,
    }),
    now,
    log: pino({}, { write: (line: string) => void said.push(JSON.parse(line).msg) }),
  });
  return { freed: await housekeeping.once(new AbortController().signal), said };
}

const isThere = async (path: string) => (await lstat(path).catch(() => null)) !== null;

test("what a finished run used goes after its time; a blocked run's stays, and its answer goes on in it", async () => {
  const world = await startLocalForgeWorld();
  const bot = await startBot(world);
  const places = async (desk: Parameters<typeof runOf>[1]) => {
    const run = await runOf({ bot }, desk);
    assert.ok(run?.workspace);
    const [owner = "", name = ""] = desk.repo.split("/");
    const { dataDir } = bot.config;
    const mirror = join(dataDir, "mirrors", run.repo.forge, owner, `${name}.git`);
    const all = [run.workspace.dir, mirror, join(dataDir, "logs", `${run.id}.${run.attempt}.log`)];
    return { run, there: () => Promise.all(all.map(isThere)) };
  };
  try {
    const done = await openDesk(world, ["write a.txt a"]);
    const blocked = await openDesk(world, [
      "append kept.txt one",
      "ask Which colour?",
      "write b.txt {answer}",
    ]);
    await Promise.all([done, blocked].map((desk) => say(desk, "/dispatch")));
    await finalAnswer(done, /pull request/i);
    await answer(blocked, /Which colour\?/);
    await atRest({ world, bot });
    const [ended, waiting] = [await places(done), await places(blocked)];

    assert.deepEqual(await roundAfter(6, bot), { freed: {}, said: [] });
    const { freed, said } = await roundAfter(8, bot);

    assert.deepEqual(await ended.there(), [false, false, false]);
    assert.deepEqual(await waiting.there(), [true, true, true]);
    assert.deepEqual([freed.workspaces?.count, freed.mirrors?.count, freed.logs?.count], [1, 1, 1]);
    assert.match(said[0] ?? "", /^housekeeping removed 1 workspace \(.*\), 1 mirror \(.*\), 1 log \(.*\)$/);

    await say(blocked, "/dispatch answer blue");
    await finalAnswer(blocked, /pull request/i);
    const [pull] = await world.pulls(blocked.repo);
    const kept = await world.fileAt(blocked.repo, pull?.head ?? "", "kept.txt");
    assert.equal(kept, "one\none\n", "the agent went on in the workspace it had left");
    assert.equal(await world.fileAt(blocked.repo, pull?.head ?? "", "b.txt"), "blue\n");
    assert.equal((await places(blocked)).run.id, waiting.run.id);

    await say(done, "/dispatch");
    const anew = async () => {
      const run = await runOf({ bot }, done);
      return run !== null && run.id !== ended.run.id && run.state === "completed";
    };
    await world.waitFor(anew, "a new run that has all it needs made anew", 30_000);
  } finally {
    await bot.close();
    await world.close();
  }
});
