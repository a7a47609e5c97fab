/** The bots of one run of the suite, the store they work on, and what of it can be killed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startCluster } from "../real/postgres/cluster.ts";
import type { Bot } from "./bot.ts";
import type { Kill, Killer, Victim } from "./killer.ts";
import { endAgents } from "./machine.ts";
import { postgresView } from "./postgres-view.ts";
import type { Bound, Recovery } from "./recovery.ts";
import { sqliteView } from "./sqlite-view.ts";
import { type BotPlan, GRACE_MS, type Hired, hire, LEASE_MS, type Town } from "./stage.ts";
import type { Sight, StoreView } from "./store-view.ts";
import { postgresVictim, sqliteVictim, webVictim, workerVictim } from "./victims.ts";

export interface Setting {
  readonly view: StoreView;
  readonly bots: readonly Bot[];
  readonly victims: readonly Victim[];
  /** Where the next webhook goes; null when nobody listens. */
  target(): string | null;
  /** False while nobody may look at the store. */
  mayLook(): boolean;
  start(): Promise<void>;
  /** From now on the forge answers every call. */
  calm(): void;
  /** Changes under way that the forge has yet to hear of. */
  pending(): number;
  /** How the forge answered. */
  faults(): Readonly<Record<string, number>>;
  /** Each how manieth kill is a stop: where one process is all there is, nothing goes on meanwhile. */
  readonly stopEach: number;
  /** By when an interrupted run must have moved on. */
  readonly bound: Bound;
  /** Tells `recovery` what this kill has interrupted. */
  interrupted(kill: Kill, sight: Sight | null, recovery: Recovery): void;
  /** Tells `recovery` that this victim is ready again. */
  resumed(victim: string, recovery: Recovery): void;
  /** Ends everything, whatever state it is in. */
  close(): Promise<void>;
}

export interface Parts {
  readonly dir: string;
  readonly seed: number;
  readonly journal: string;
  readonly town: Town;
  readonly seen: Killer["seen"];
}

/** From the process's being ready again. */
const TAKEN_UP_MS = 15_000;
/** As docs/operations.md says: the lease, the grace, 10 s; and what a busy machine may add. */
const TAKEN_OVER_MS = LEASE_MS + GRACE_MS + 10_000 + 8_000;
const WEBS = ["web-1", "web-2"];
const WORKERS = ["worker-1", "worker-2", "worker-3"];

export async function openSetting(store: "sqlite" | "postgres", parts: Parts): Promise<Setting> {
  return store === "sqlite" ? await onSqlite(parts) : await onPostgres(parts);
}

async function hireAll(plans: readonly BotPlan[], parts: Parts): Promise<readonly Hired[]> {
  return await Promise.all(plans.map((plan) => hire(plan, parts, (bot, call) => parts.seen(bot.name, call))));
}

/** One process for everything. */
async function onSqlite(parts: Parts): Promise<Setting> {
  const hired = await hireAll([{ name: "all", env: {}, takesWebhooks: true }], parts);
  const bots = hired.map(({ bot }) => bot);
  const view = sqliteView(join(parts.dir, "all", "data", "dispatch.sqlite"));
  return {
    ...shared(hired, view, parts),
    victims: bots.map(sqliteVictim),
    mayLook: () => bots.every((bot) => bot.state() === "ready"),
    stopEach: 25,
    bound: { ms: TAKEN_UP_MS, since: () => bots[0]?.readySince() ?? null },
    // The bound counts from its readiness anyway.
    resumed() {},
    interrupted({ stopped }, sight, recovery) {
      // Nobody else may take what a process holds that is only stopped.
      if (sight && !stopped) recovery.interrupted(sight.held, Date.now());
    },
  };
}

/** Several web processes and workers, each with a folder of its own, on a PostgreSQL that can be killed too. */
async function onPostgres(parts: Parts): Promise<Setting> {
  const cluster = await startCluster();
  const plan = (role: "web" | "worker") => (name: string) => {
    return { name, env: { DATABASE_URL: cluster.url, ROLE: role }, takesWebhooks: role === "web" };
  };
  const hired = await hireAll([...WEBS.map(plan("web")), ...WORKERS.map(plan("worker"))], parts);
  const bots = hired.map(({ bot }) => bot);
  const base = shared(hired, postgresView(cluster.url), parts);
  const workers = bots.filter((bot) => !bot.takesWebhooks);
  const asVictim = (bot: Bot) => (bot.takesWebhooks ? webVictim(bot) : workerVictim(bot, workers));
  const database = postgresVictim(cluster, bots);
  return {
    ...base,
    victims: [...bots.map(asVictim), database],
    mayLook: () => true,
    stopEach: 10,
    bound: {
      ms: TAKEN_OVER_MS,
      // Somebody must be there to take it over, and leases last their whole length after a restart of the database.
      since: () => (workers.some((bot) => bot.state() === "ready") ? database.readySince() : null),
    },
    resumed(victim, recovery) {
      const worker = bots.find((bot) => bot.name === victim);
      const own = worker ? workerName(worker) : null;
      if (own !== null) recovery.resumed(own, Date.now());
    },
    interrupted({ victim }, sight, recovery) {
      const worker = bots.find((bot) => bot.name === victim);
      if (!sight || !worker) return;
      const own = workerName(worker);
      recovery.interrupted(
        sight.held.filter((run) => run.worker === own),
        Date.now(),
      );
    },
    async close() {
      database.retire();
      await base.close();
      await cluster.stop();
    },
  };
}

/** As the store knows it; null when it has not said so yet. */
function workerName({ dir }: Bot): string | null {
  try {
    return readFileSync(join(dir, "data", "worker-1", "worker"), "utf8").trim();
  } catch {
    return null;
  }
}

function shared(hired: readonly Hired[], view: StoreView, { journal }: Parts) {
  const bots = hired.map(({ bot }) => bot);
  let turn = 0;
  return {
    view,
    bots,
    target() {
      const open = bots.filter((one) => one.takesWebhooks && one.state() !== "down");
      turn += 1;
      const bot = open[turn % open.length];
      return bot ? `${bot.url}/api/webhooks/forgejo` : null;
    },
    async start() {
      await Promise.all(bots.map((bot) => bot.start()));
    },
    calm() {
      for (const { proxy } of hired) proxy.calm();
    },
    pending: () => hired.reduce((sum, { proxy }) => sum + proxy.pending(), 0),
    faults: () => summed(hired.map(({ proxy }) => proxy.figures)),
    async close() {
      await Promise.all(bots.map((bot) => bot.retire()));
      endAgents(journal);
      for (const { proxy } of hired) await proxy.close();
      await view.close();
    },
  };
}

function summed(all: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const one of all)
    for (const [name, count] of Object.entries(one)) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}
