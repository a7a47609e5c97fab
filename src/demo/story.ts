/**
 * `agent-dispatch demo`: the main job end to end on this machine, told as it happens. A forge of its own, real git over
 * HTTP, signed webhooks, the application as it is shipped; only the agent is scripted. Each chapter looks at what came
 * of it, so that the story ends well only if everything in it is true.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Logger } from "pino";
import pino from "pino";
import type { Config } from "../config/config.ts";
import { chapters, type Say } from "./chapters.ts";
import { demoConfig, SECRET } from "./demo-config.ts";
import { startLocalForge } from "./forge/local-forge.ts";

export interface DemoOptions {
  /** Stay up afterwards, for looking around, until interrupted. */
  readonly keep: boolean;
  /** The forge's port; null for any free one. */
  readonly port: number | null;
}

/** The application, as `index.ts` makes it. */
export type StartApp = (
  config: Config,
  options: { readonly log: Logger; readonly now: () => number },
) => Promise<{
  readonly url: string;
  start(): Promise<void>;
  stop(options: { readonly agents: "stop" }): Promise<void>;
}>;

/** True when everything that was told was checked and right. */
export async function runDemo(
  options: DemoOptions,
  say: Say,
  {
    createApp,
    now,
    path,
  }: { readonly createApp: StartApp; readonly now: () => number; readonly path: string },
): Promise<boolean> {
  const dir = await mkdtemp(join(tmpdir(), "agent-dispatch-demo-"));
  const forge = await startLocalForge({ dir: join(dir, "forge"), port: options.port ?? 0, now });
  const bot = forge.createUser("dispatch-bot");
  const config = demoConfig({ dir, forgeUrl: forge.url, token: bot.token, path });
  const app = await createApp(config, { log: pino({ level: "silent" }), now });
  try {
    await app.start();
    forge.setHook(`${app.url}/api/webhooks/${config.forges[0]?.name}`, SECRET);
    say(`A forge is at ${forge.url}, the bot at ${app.url}, their data in ${dir}.`);
    const right = await chapters({ forge, bot, say, now });
    if (options.keep) await lookAround(forge.url, say);
    return right;
  } finally {
    await app.stop({ agents: "stop" });
    await forge.close();
    await rm(dir, { recursive: true, force: true });
  }
}

async function lookAround(url: string, say: Say): Promise<void> {
  say(`\nLook around: ${url} (Ctrl-C ends it and removes everything)`);
  await new Promise<void>((resolve) => process.once("SIGINT", resolve));
}
