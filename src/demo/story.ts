/**
 * `agent-dispatch demo`: the main job end to end on this machine, told as it happens. A forge of its own, real git over
 * HTTP, signed webhooks, the application as it is shipped; only the agent is scripted. Each chapter looks at what came
 * of it, so that the story ends well only if everything in it is true.
 */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Logger } from "pino";
import pino from "pino";
import type { Config } from "../config/config.ts";
import { chapters, REPO, type Say } from "./chapters.ts";
import { demoConfig, SECRET } from "./demo-config.ts";
import { type LocalForge, startLocalForge } from "./forge/local-forge.ts";

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

/** True when everything that was told was checked and right. SIGINT and SIGTERM end it, and remove everything too. */
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
  const interruption = interrupted();
  const { signal } = interruption;
  try {
    await app.start();
    forge.setHook(`${app.url}/api/webhooks/${config.forges[0]?.name}`, SECRET);
    if (options.keep) say(`A forge is at ${forge.url}, the bot at ${app.url}, their data in ${dir}.`);
    else say("A forge and the bot run on this machine, in a temporary folder.");
    const right = await chapters({ forge, bot, say, now, signal });
    if (options.keep) await lookAround(forge, say, signal);
    else say("With `npm run demo -- --keep` the forge stays up, and you can look at its pages.");
    return right;
  } catch (error) {
    if (!signal.aborted) throw error;
    say("\nInterrupted.");
    return false;
  } finally {
    await app.stop({ agents: "stop" });
    await forge.close();
    await rm(dir, { recursive: true, force: true });
    interruption.forget();
  }
}

/** Aborted by the first SIGINT or SIGTERM, or both: npm passes on the Ctrl-C that the terminal sends to all. */
function interrupted(): { readonly signal: AbortSignal; forget(): void } {
  const controller = new AbortController();
  const end = () => controller.abort();
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const name of signals) process.on(name, end);
  return {
    signal: controller.signal,
    forget() {
      for (const name of signals) process.off(name, end);
    },
  };
}

/** Names every page worth a look, and waits. */
async function lookAround(forge: LocalForge, say: Say, signal: AbortSignal): Promise<void> {
  const repo = `${forge.url}/${REPO}`;
  say("\nLook around:");
  for (const { number, title, body } of await forge.pulls(REPO)) {
    const issue = /Closes #(\d+)/.exec(body)?.[1];
    say(`  ${title}`);
    say(`    issue         ${repo}/issues/${issue}`);
    say(`    pull request  ${repo}/pulls/${number}`);
  }
  say(`  everything      ${repo}`);
  say("Ctrl-C ends it and removes everything.");
  if (!signal.aborted) await once(signal, "abort");
}
