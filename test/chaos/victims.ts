/** Who is killed, and how long each stays down: bots of each kind, and the database itself. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../real/postgres/cluster.ts";
import { type Bot, isReady } from "./bot.ts";
import type { Victim } from "./killer.ts";
import type { Random } from "./random.ts";

export const sqliteVictim = (bot: Bot): Victim => ({ ...bot, weight: 1, downMs: shortly });
export const webVictim = (bot: Bot): Victim => ({ ...bot, weight: 1, downMs: shortly });

/** Some stay away for longer than a lease, while another is there to take over. */
export const workerVictim = (bot: Bot, workers: readonly Bot[]): Victim => ({
  ...bot,
  weight: 1,
  downMs(random) {
    const isLong = random.chance(0.3);
    const longMs = random.between(13_000, 25_000);
    const othersUp = workers.every((other) => other === bot || other.state() !== "down");
    return isLong && othersUp ? longMs : shortly(random);
  },
});

export interface DatabaseVictim extends Victim {
  /** Since when it has been ready without a break; null when it is not. Epoch milliseconds. */
  readySince(): number | null;
  /** It is not started any more. */
  retire(): void;
}

/** Ready again when every bot that is up can use it. A start that fails, as for its port, is tried again. */
export function postgresVictim(cluster: Cluster, bots: readonly Bot[]): DatabaseVictim {
  let readySince: number | null = Date.now();
  let state: "down" | "starting" | "ready" = "ready";
  let life = 0;
  let retired = false;
  return {
    retire() {
      retired = true;
      life += 1;
    },
    name: "postgres",
    // Every lease is kept for its whole length after it comes back: killed more often, it would let none run out.
    weight: 0.3,
    state: () => state,
    readySince: () => (state === "ready" ? readySince : null),
    async kill() {
      life += 1;
      state = "down";
      await cluster.kill();
    },
    async start() {
      if (retired) throw new Error("it is not started any more");
      const begun = performance.now();
      life += 1;
      const own = life;
      state = "starting";
      const isUp = () =>
        cluster.restart().then(
          () => true,
          () => false,
        );
      while (!(await isUp())) {
        if (own !== life) throw new Error("killed before it was ready");
        await sleep(AGAIN_MS);
      }
      for (const bot of bots.filter((one) => one.state() === "ready"))
        while (own === life && bot.state() === "ready" && !(await isReady(bot.url))) await sleep(AGAIN_MS);
      if (own !== life) throw new Error("killed before it was ready");
      state = "ready";
      readySince = Date.now();
      return performance.now() - begun;
    },
    downMs: shortly,
  };
}

const AGAIN_MS = 50;

function shortly(random: Random): number {
  return random.between(0, random.chance(0.25) ? 1500 : 400);
}
