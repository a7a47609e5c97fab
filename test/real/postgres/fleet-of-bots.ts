/** A web process and workers on one PostgreSQL, as an admin would run them, each with a data folder of its own. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import pino from "pino";
import type { Config } from "../../../src/config/config.ts";
import { type App, createApp } from "../../../src/index.ts";
import type { ForgeWorld } from "../../fakes/forge-world.ts";
import { startLocalForgeWorld } from "../../fakes/local-forge-world.ts";
import { botConfig, WEBHOOK_SECRET } from "../../journeys/bot.ts";
import { databaseUrl, sql } from "./server.ts";

export interface Fleet {
  readonly world: ForgeWorld;
  readonly url: string;
  /** `dir` is the folder of an earlier life. */
  start(role: Config["role"], name: string, change?: (config: Config) => Config): Promise<App>;
}

/** An empty database of its own, and a forge whose webhooks go to the first process that takes them. */
export async function openFleet(t: TestContext): Promise<Fleet> {
  const server = new URL(await databaseUrl());
  const database = `fleet_${randomUUID().slice(0, 8)}`;
  await sql(server.href, `create database ${database}`);
  const url = new URL(server);
  url.pathname = `/${database}`;
  const root = await mkdtemp(join(tmpdir(), "fleet-"));
  const world = await startLocalForgeWorld();
  world.setHook("http://127.0.0.1:9/not-yet", WEBHOOK_SECRET);
  const apps: App[] = [];
  t.after(async () => {
    for (const app of apps) await app.stop({ agents: "stop" });
    await world.close();
    await rm(root, { recursive: true, force: true });
    await sql(server.href, `drop database ${database} with (force)`);
  });
  return {
    world,
    url: url.href,
    async start(role, name, change = (config) => config) {
      const plain = botConfig(world, join(root, name));
      const config = change({ ...plain, role, databaseUrl: url.href, leaseMs: 10_000 });
      const log = pino({ level: config.logLevel });
      const app = await createApp(config, { log, now: Date.now, worker: name, statusEveryMs: 100 });
      await app.start();
      if (role !== "worker")
        world.setHook(`${app.url}/api/webhooks/${config.forges[0]?.name}`, WEBHOOK_SECRET);
      apps.push(app);
      return app;
    },
  };
}
