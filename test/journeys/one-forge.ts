/** One world of one kind and one bot for all tests of a journey file that needs what only that forge has. */
import { after, before, describe } from "node:test";
import { type FakeGithub, startFakeGithub } from "../fakes/github/fake-github.ts";
import {
  type LocalForgeWorld,
  type LocalForgeWorldOptions,
  startLocalForgeWorld,
} from "../fakes/local-forge-world.ts";
import { type Bot, type BotOptions, startBot } from "./bot.ts";

export interface ForgejoStage {
  readonly world: LocalForgeWorld;
  readonly bot: Bot;
}

export interface StageOptions extends BotOptions {
  /** Tests at once; those that reload the bot's configuration need 1. */
  readonly concurrency?: number;
}

export interface ForgejoOptions extends StageOptions {
  readonly world?: LocalForgeWorldOptions;
}

export interface GithubStage {
  readonly world: FakeGithub;
  readonly bot: Bot;
}

export function onForgejo(
  name: string,
  options: () => ForgejoOptions,
  tests: (stage: () => ForgejoStage) => void,
): void {
  describe(`${name} on forgejo`, { concurrency: options().concurrency ?? 4 }, () => {
    const stage = staged(() => startLocalForgeWorld(options().world), options);
    tests(stage);
  });
}

export function onGithub(
  name: string,
  options: () => StageOptions,
  tests: (stage: () => GithubStage) => void,
): void {
  describe(`${name} on github`, { concurrency: options().concurrency ?? 4 }, () => {
    tests(staged(() => startFakeGithub(), options));
  });
}

function staged<World extends LocalForgeWorld | FakeGithub>(
  open: () => Promise<World>,
  options: () => BotOptions,
): () => { readonly world: World; readonly bot: Bot } {
  let stage: { readonly world: World; readonly bot: Bot } | undefined;
  before(async () => {
    const world = await open();
    stage = { world, bot: await startBot(world, options()) };
  });
  after(async () => {
    await stage?.bot.close();
    await stage?.world.close();
  });
  return () => {
    if (!stage) throw new Error("the stage is not set");
    return stage;
  };
}
