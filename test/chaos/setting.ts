/** The bots of one run of the suite and their store: on SQLite one process for everything. */
import { join } from "node:path";
import type { Bot } from "./bot.ts";
import type { Killer, Victim } from "./killer.ts";
import { agentProcesses, endAgents, locks, runtimeRecords } from "./machine.ts";
import type { Random } from "./random.ts";
import type { Recovery } from "./recovery.ts";
import { sqliteView } from "./sqlite-view.ts";
import { type Hired, hire, type Town } from "./stage.ts";
import type { Sight, StoreView } from "./store-view.ts";
import type { SuiteOptions } from "./suite.ts";

export interface Setting {
  readonly view: StoreView;
  readonly victims: readonly Victim[];
  /** Where the next webhook goes; null when nobody listens. */
  target(): string | null;
  /** False while nobody may look at the store. */
  mayLook(): boolean;
  start(): Promise<void>;
  /** From now on the forge answers every call. */
  calm(): void;
  /** How the forge answered. */
  faults(): Readonly<Record<string, number>>;
  /** Tells `recovery` what this kill has interrupted. */
  interrupted(victim: Victim, sight: Sight | null, recovery: Recovery): void;
  /** Asks all bots to end; what was wrong with that, each in a line. */
  stop(): Promise<readonly string[]>;
  /** What the bots left on the machine and on the forge, each in a line. */
  leftovers(): Promise<readonly string[]>;
  /** Ends everything, whatever state it is in. */
  close(): Promise<void>;
}

const STOP_MS = 30_000;

export interface Parts {
  readonly journal: string;
  readonly town: Town;
  readonly seen: Killer["seen"];
}

export async function openSetting(options: SuiteOptions, parts: Parts): Promise<Setting> {
  const { dir, seed } = options;
  const plan = { name: "all", env: {}, takesWebhooks: true };
  const hired = [await hire(plan, { ...parts, dir, seed }, (bot, call) => parts.seen(bot.name, call))];
  return settingOf(hired, sqliteView(join(dir, "all", "data", "dispatch.sqlite")), parts);
}

function settingOf(hired: readonly Hired[], view: StoreView, { journal, town }: Parts): Setting {
  const bots = hired.map(({ bot }) => bot);
  return {
    view,
    victims: bots.map(asVictim),
    target() {
      const bot = bots.find((one) => one.takesWebhooks && one.state() !== "down");
      return bot ? `${bot.url}/api/webhooks/forgejo` : null;
    },
    mayLook: () => bots.every((bot) => bot.state() === "ready"),
    async start() {
      for (const bot of bots) await bot.start();
    },
    calm() {
      for (const { proxy } of hired) proxy.calm();
    },
    faults: () => summed(hired.map(({ proxy }) => proxy.figures)),
    interrupted(_victim, sight, recovery) {
      recovery.again();
      if (sight) recovery.interrupted(sight.held, Date.now());
    },
    stop: () => stopAll(bots),
    async leftovers() {
      const agents = agentProcesses(journal).map(
        ({ pid, run, command }) => `process ${pid} of run ${run}: ${command}`,
      );
      const clocks = town.forge.runningStopwatches(town.bot).map((issue) => `stopwatch on ${issue}`);
      const files = await Promise.all(bots.map(({ dir }) => filesLeft(dir)));
      return [...agents, ...clocks, ...files.flat()];
    },
    async close() {
      for (const bot of bots) await bot.kill();
      endAgents(journal);
      for (const { proxy } of hired) await proxy.close();
      await view.close();
    },
  };
}

function asVictim(bot: Bot): Victim {
  return { ...bot, downMs: (random: Random) => random.between(0, random.chance(0.25) ? 1500 : 400) };
}

async function stopAll(bots: readonly Bot[]): Promise<readonly string[]> {
  const stopped = await Promise.all(bots.map(async (bot) => ({ bot, well: await bot.stop(STOP_MS) })));
  return [
    ...stopped
      .filter(({ well }) => !well)
      .map(({ bot }) => `${bot.name} did not end on SIGTERM within ${STOP_MS} ms`),
    ...bots.filter((bot) => bot.exits() > 0).map((bot) => `${bot.name} ended ${bot.exits()} times by itself`),
  ];
}

async function filesLeft(dir: string): Promise<readonly string[]> {
  const records = await runtimeRecords(join(dir, "data"));
  return [
    ...records.map((file) => `runtime record ${file}`),
    ...(await locks(join(dir, "data"))).map((file) => `lock ${file}`),
  ];
}

function summed(all: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const one of all)
    for (const [name, count] of Object.entries(one)) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}
