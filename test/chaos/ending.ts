/** The bots asked to end, and what they leave on the machine and on the forge. Each finding is a line. */
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { createTrash } from "../../src/workspace/trash.ts";
import type { Bot } from "./bot.ts";
import { agentProcesses } from "./machine.ts";
import type { Town } from "./stage.ts";

const STOP_MS = 30_000;
const LATER_MS = 3_600_000;

export async function stopAll(bots: readonly Bot[]): Promise<readonly string[]> {
  const stopped = await Promise.all(bots.map(async (bot) => ({ bot, well: await bot.stop(STOP_MS) })));
  return stopped
    .filter(({ well }) => !well)
    .map(({ bot }) => `${bot.name} did not end on SIGTERM within ${STOP_MS} ms`);
}

/** To be asked when every bot has ended. */
export async function leftovers(
  bots: readonly Bot[],
  journal: string,
  town: Town,
): Promise<readonly string[]> {
  const agents = agentProcesses(journal).map(
    ({ pid, run, command }) => `process ${pid} of run ${run}: ${command}`,
  );
  const clocks = town.forge.runningStopwatches(town.bot).map((issue) => `stopwatch on ${issue}`);
  const files = await Promise.all(bots.map(({ dir }) => filesLeft(dir)));
  return [...agents, ...clocks, ...files.flat()];
}

/** Files that only a run under way has, or that stand in the way of a next one. */
const LEFT: readonly (readonly [RegExp, string])[] = [
  [/\/native\/[^/]+\.json/, "runtime record"],
  [/\/mirrors\/.*\.lock$/, "lock of git"],
  [/\/\.trash\/[^/]+$/, "put away and not deleted"],
];

async function filesLeft(dir: string): Promise<readonly string[]> {
  const all = await readdir(dir, { recursive: true }).catch(() => []);
  const trashes = all.filter((name) => basename(name) === ".trash").map((name) => dirname(join(dir, name)));
  for (const root of trashes) await sweepLater(root);
  const rest = await readdir(dir, { recursive: true }).catch(() => []);
  return rest.flatMap((name) => {
    const kind = LEFT.find(([pattern]) => pattern.test(`/${name}`));
    return kind ? [`${kind[1]}: ${join(dir, name)}`] : [];
  });
}

/** As the bot's housekeeping does with what a kill left, when it has lain there for a while. */
async function sweepLater(root: string): Promise<void> {
  const trash = createTrash({ root, now: () => Date.now() + LATER_MS, warn: () => {} });
  await trash.sweep(new AbortController().signal);
  await trash.idle();
}
