/** Runs a journey file once on each forge, with one world and one bot for all of its tests. */
import { after, before, describe } from "node:test";
import type { ForgeWorld } from "../fakes/forge-world.ts";
import { startFakeGithub } from "../fakes/github/fake-github.ts";
import { startLocalForgeWorld } from "../fakes/local-forge-world.ts";
import { type Bot, type BotOptions, startBot } from "./bot.ts";

const OPEN = { forgejo: startLocalForgeWorld, github: startFakeGithub } as const;

export interface Stage {
  readonly world: ForgeWorld;
  bot: Bot;
}

export function onBothForges(
  name: string,
  options: () => BotOptions,
  tests: (stage: () => Stage, kind: "forgejo" | "github") => void,
): void {
  for (const kind of ["forgejo", "github"] as const) {
    describe(`${name} on ${kind}`, { concurrency: 4 }, () => {
      let stage: Stage | undefined;
      before(async () => {
        const world = await OPEN[kind]();
        stage = { world, bot: await startBot(world, options()) };
      });
      after(async () => {
        try {
          await stage?.bot.close();
        } finally {
          await stage?.world.close();
        }
      });
      tests(() => {
        if (!stage) throw new Error("the stage is not set");
        return stage;
      }, kind);
    });
  }
}
