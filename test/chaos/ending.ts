/** The bots asked to end, and what they leave on the machine and on the forge. Each finding is a line. */
import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { openRecords } from "../../src/runtimes/native/record.ts";
import { createTrash } from "../../src/workspace/trash.ts";
import type { Bot } from "./bot.ts";
import type { Facts } from "./facts.ts";
import { agentProcesses } from "./machine.ts";
import { type Held, orphans, type Pin } from "./orphans.ts";
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
  runs: Facts["store"]["runs"],
): Promise<readonly string[]> {
  const agents = agentProcesses(journal).map(
    ({ pid, run, command }) => `process ${pid} of run ${run}: ${command}`,
  );
  const clocks = town.forge.runningStopwatches(town.bot).map((issue) => `stopwatch on ${issue}`);
  const held = await Promise.all(bots.map(async ({ dir }) => ({ dir, ...(await heldIn(dir)) })));
  const everywhere = held.flatMap(({ files }) => files);
  const files = held.flatMap(({ dir, ...one }) =>
    orphans({ ...one, everywhere }, runs).map((line) => `${line} (in ${dir})`),
  );
  return [...agents, ...clocks, ...files];
}

/** What of a bot's folder is left even when the bot has been started again and has tidied up. */
async function heldIn(dir: string): Promise<Omit<Held, "everywhere">> {
  const all = await listed(dir);
  for (const name of all.filter((one) => basename(one) === ".trash"))
    await sweepLater(dirname(join(dir, name)));
  for (const name of all.filter((one) => basename(one) === "native")) await readLater(join(dir, name));
  const mirrors = all.filter((name) => /(?:^|\/)mirrors\/[^/]+\/[^/]+\/[^/]+\.git$/.test(name));
  const pins = await Promise.all(mirrors.map((mirror) => pinsOf(dir, mirror)));
  return { files: await listed(dir), pins: pins.flat() };
}

async function listed(dir: string): Promise<readonly string[]> {
  return await readdir(dir, { recursive: true }).catch(() => []);
}

async function pinsOf(dir: string, mirror: string): Promise<readonly Pin[]> {
  const args = ["--git-dir", join(dir, mirror), "for-each-ref", "--format=%(refname)", "refs/runs"];
  const { stdout } = await promisify(execFile)("git", args);
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((ref) => ({ mirror, run: ref.slice("refs/runs/".length) }));
}

/** As a start does it a while later: records that a kill kept from getting their names are removed. */
async function readLater(dir: string): Promise<void> {
  await openRecords(dir, () => Date.now() + LATER_MS).all();
}

/** As the bot's housekeeping does with what a kill left, when it has lain there for a while. */
async function sweepLater(root: string): Promise<void> {
  const trash = createTrash({ root, now: () => Date.now() + LATER_MS, warn: () => {} });
  await trash.sweep(new AbortController().signal);
  await trash.idle();
}
