/** What a journey looks at in the bot itself, and how it waits for it. */
import type { ForgeWorld } from "../fakes/forge-world.ts";
import type { Bot } from "./bot.ts";
import type { Desk } from "./person.ts";

interface Stage {
  readonly world: ForgeWorld;
  readonly bot: Bot;
}

/** The newest run on the desk's issue. */
export async function runOf({ bot }: Pick<Stage, "bot">, desk: Desk) {
  const [owner = "", name = ""] = desk.repo.split("/");
  const kind = desk.world.kind;
  const forge = bot.config.forges.find((one) => one.kind === kind)?.name ?? "";
  return await bot.app.store.lastRun({ forge, owner, name }, desk.issue);
}

/** A file's path in the checkout of the desk's run. */
export async function inCheckout(stage: Pick<Stage, "bot">, desk: Desk, name: string): Promise<string> {
  return `${(await runOf(stage, desk))?.workspace?.dir}/repo/${name}`;
}

/** Waits until the bot has handled every webhook and said all it had to say. */
export async function atRest({ world, bot }: Stage): Promise<void> {
  const { store } = bot.app;
  const arrived = () => world.deliveries().every(({ status }) => status !== null);
  const quiet = async () =>
    (await store.nextDeliveries(1)).length === 0 && (await store.pendingEffects()) === 0;
  await world.waitFor(async () => arrived() && (await quiet()), "the bot to be at rest", 30_000);
}

/** The prompt that a run with the steps `prompt` and `commit …` has pushed. */
export async function pushedPrompt(desk: Desk): Promise<string> {
  const [pull] = await desk.world.pulls(desk.repo);
  return (await desk.world.fileAt(desk.repo, pull?.head ?? "", "PROMPT.txt")) ?? "";
}

export const KEEP_PROMPT = ["prompt", "commit Keep the prompt"] as const;
