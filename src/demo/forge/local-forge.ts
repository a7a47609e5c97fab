/**
 * A forge for one machine, with Forgejo's API and quirks, real git behind it and pages to look at: for the demo and
 * for journeys. Issues and accounts live in memory and go with the process; only git is on disk, in `dir`.
 * Its methods are what the people around the bot do; the bot itself comes in by HTTP.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Faults, faults } from "./faults.ts";
import { gitGate } from "./git-gate.ts";
import type { Instance } from "./instance.ts";
import { type People, people } from "./people.ts";
import { listen, serve } from "./server.ts";
import { emptyState } from "./state.ts";
import { type SentDelivery, webhookSender } from "./webhooks.ts";

export interface LocalForgeOptions {
  /** For the git repositories; made when it is not there. */
  readonly dir: string;
  /** 0 or left out: any free one. */
  readonly port?: number;
  now(): number;
  log?(line: string): void;
}

export interface LocalForge extends People, Pick<Faults, "fail" | "hang" | "disturb"> {
  /** Without a trailing slash. */
  readonly url: string;
  /** Where the webhooks of every repository go, from now on. */
  setHook(url: string, secret: string): void;
  /** Oldest first. */
  deliveries(): readonly SentDelivery[];
  /** A new delivery with the same body; returns its id. */
  redeliver(id: string): string;
  close(): Promise<void>;
}

/** Throws when the port is taken. */
export async function startLocalForge(options: LocalForgeOptions): Promise<LocalForge> {
  const root = join(options.dir, "repositories");
  await mkdir(root, { recursive: true });
  const { server, url } = await listen(options.port ?? 0);
  const broken = faults();
  const webhooks = webhookSender(options.log ?? (() => {}), broken.disturbance);
  const instance: Instance = { url, root, state: emptyState(), webhooks, now: options.now };
  serve(server, instance, gitGate(instance), broken);
  return {
    ...people(instance),
    url,
    fail: broken.fail,
    hang: broken.hang,
    disturb: broken.disturb,
    setHook(hookUrl, secret) {
      const id = instance.state.nextId();
      const hook = { id, type: "forgejo", url: hookUrl, secret, active: true, events: null };
      instance.state.hooks.splice(0, Number.POSITIVE_INFINITY, hook);
    },
    deliveries: webhooks.sent,
    redeliver: webhooks.redeliver,
    async close() {
      await webhooks.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
