/** Who is killed, and how long each stays down: bots of each kind, and the database itself. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../real/postgres/cluster.ts";
import { type Bot, isReady } from "./bot.ts";
import type { Victim } from "./killer.ts";
import type { Random } from "./random.ts";

export const sqliteVictim = (bot: Bot): Victim => ({ ...bot, downMs: shortly });
export const webVictim = (bot: Bot): Victim => ({ ...bot, downMs: shortly });

/** Some stay away for longer than a lease, so that others take over. */
export const workerVictim = (bot: Bot): Victim => ({
  ...bot,
  downMs: (random) => (random.chance(0.2) ? random.between(13_000, 25_000) : shortly(random)),
});

/** Ready again when every bot that is up can use it. */
export function postgresVictim(cluster: Cluster, bots: readonly Bot[]): Victim {
  let state: "down" | "starting" | "ready" = "ready";
  return {
    name: "postgres",
    state: () => state,
    async kill() {
      state = "down";
      await cluster.kill();
    },
    async start() {
      const begun = performance.now();
      state = "starting";
      await cluster.restart();
      const up = bots.filter((bot) => bot.state() === "ready");
      for (const bot of up) while (bot.state() === "ready" && !(await isReady(bot.url))) await sleep(20);
      if (state === "starting") state = "ready";
      return performance.now() - begun;
    },
    downMs: shortly,
  };
}

function shortly(random: Random): number {
  return random.between(0, random.chance(0.25) ? 1500 : 400);
}
