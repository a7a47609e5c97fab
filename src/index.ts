/**
 * The application: every room and adapter put together, from a valid configuration to a running server. The default
 * export is Probot's application function: it hangs our routes on Probot's server and registers no event handlers
 * (ADR 2 says why). A role is a choice of what runs here: `web` the first half, `worker` the second, `all` both.
 */
import { join } from "node:path";
import type { ApplicationFunction } from "probot";
import { createCatchUp } from "./catch-up/catch-up.ts";
import type { App, AppOptions } from "./compose/app.ts";
import { createFirstHalf, narrowing } from "./compose/first-half.ts";
import { egressOf, makeParts } from "./compose/parts.ts";
import { createSecondHalf } from "./compose/second-half.ts";
import { createSettings } from "./compose/settings.ts";
import type { Config } from "./config/config.ts";
import { workInbox } from "./dispatch/inbox.ts";
import { GithubOctokit } from "./forges/github/octokit.ts";
import { createForgeHealth } from "./health/forge-health.ts";
import { createHousekeeping } from "./housekeeping/housekeeping.ts";
import { messageOf } from "./model/errors.ts";
import { createLiveStatus } from "./report/live-status.ts";
import { createOutbox } from "./report/outbox.ts";
import { giveSignOfLife } from "./runtimes/native/alive.ts";
import { createWebhookDoor } from "./webhook/door.ts";
import { createHealthHandler, hasSpace } from "./webhook/health.ts";
import { createServer } from "./webhook/server.ts";
import { createLife } from "./worker/life.ts";
import { keepTelling, queueNews } from "./worker/queue-news.ts";
import { createRuntimeChooser } from "./worker/runtimes.ts";

export type { App };

type Handler = Parameters<Parameters<ApplicationFunction>[1]["addHandler"]>[0];

/** Probot's application function for our routes; see https://probot.github.io/docs/README/. */
export default function application(routes: readonly Handler[]): ApplicationFunction {
  return (_probot, { addHandler }) => {
    for (const route of routes) addHandler(route);
  };
}

const STATUS_EVERY_MS = 10_000;
const MAX_BODY_BYTES = 25 * 1024 * 1024;
/** Below it the server says that it is not ready. */
const LEAST_FREE_BYTES = 64 * 1024 * 1024;
const MAX_BODIES_BYTES = 128 * 1024 * 1024;
/** Issues looked after at once by the inbox. */
const INBOX_PARALLEL = 8;
/** How often a forge that refuses us is asked whether it still does. */
const ASK_FORGE_MS = 60_000;

/** Puts the application together and opens its store; nothing listens or works before `start`. */
export async function createApp(initial: Config, options: AppOptions): Promise<App> {
  const { log, now } = options;
  const egress = egressOf(initial);
  const settings = createSettings(initial, now, egress.tokens);
  const parts = await makeParts(initial, options);
  const { store, runtimes, workspaces, guard } = parts;
  const { role } = initial;
  const logs = join(initial.dataDir, "logs");
  const health = createForgeHealth({ forges: parts.forges, now, log, everyMs: ASK_FORGE_MS });
  const forges = new Map([...parts.forges].map(([name, forge]) => [name, health.watched(forge)]));
  const live = createLiveStatus({
    store,
    everyMs: options.statusEveryMs ?? STATUS_EVERY_MS,
    now,
    onError: (error) => log.warn({ reason: messageOf(error) }, "a live status was not recorded"),
  });
  const { config, redact, findSecret } = settings;
  const chooseRuntime = createRuntimeChooser(runtimes, config);
  const narrowed = narrowing(settings, now);
  const news = queueNews({ store, config, live });
  const worker = createSecondHalf({
    ...{ parts, settings, narrowed, chooseRuntime, egress, forges, live, log, now },
    name: options.worker ?? "worker",
    closedForges: health.closed,
    logs,
    // Of many machines only the one that leads tells the queue.
    onQueueMoved: store.fleet ? async () => {} : news,
  });
  const respond = createFirstHalf({ parts, settings, narrowed, chooseRuntime, now });
  const outbox = createOutbox({ store, forges, redact, findSecret, now, log, closed: health.closed });
  const { open, opened } = health;
  const inbox = { store, forges, respond, log, now, parallel: INBOX_PARALLEL, open, opened };
  const catchUp = createCatchUp({ store, forges, everyMs: initial.catchUpMs, now, log, open, opened });
  const housekeeping = createHousekeeping({
    store,
    holdings: workspaces.holdings,
    logsDir: logs,
    config: () => config().housekeeping,
    now,
    log,
  });
  const desk = [
    (signal: AbortSignal) => workInbox(inbox, signal),
    catchUp.run,
    housekeeping.ofTheStore,
    ...(store.fleet ? [(signal: AbortSignal) => keepTelling(news, store, log, signal)] : []),
  ];
  const life = createLife({
    store,
    worker: role === "web" ? null : worker,
    outbox,
    desk: role === "worker" ? [] : desk,
    log,
  });
  const door = createWebhookDoor({
    forges: role === "worker" ? [] : [...forges.values()],
    store,
    now,
    log,
    maxBytes: MAX_BODY_BYTES,
    maxBytesInAll: MAX_BODIES_BYTES,
    bodyMs: 10_000,
  });
  const healthHandler = createHealthHandler({
    checks: {
      accepting: life.accepting,
      store: () => store.frozen().then(() => true),
      disk: hasSpace(initial.dataDir, LEAST_FREE_BYTES),
    },
    checkMs: 2000,
    forges: health.troubles,
  });
  const github = initial.forges.find((forge) => forge.kind === "github") ?? null;
  const server = await createServer(
    { host: initial.host, port: initial.port, log, github, Octokit: GithubOctokit },
    application([door, healthHandler]),
  );
  const stopping = new AbortController();
  let tidying: Promise<void> = Promise.resolve();
  let signOfLife: { stop(): void } | null = null;
  return {
    store,
    forges,
    runtimes,
    runtimeFor: chooseRuntime,
    agents: settings.agents,
    active: worker.active,
    get url() {
      return `http://${server.host}:${server.port}`;
    },
    async start() {
      await server.start();
      if (guard) signOfLife = giveSignOfLife(guard);
      void health.run(stopping.signal);
      tidying = housekeeping.ofThisMachine(stopping.signal);
      life.begin();
    },
    reload: settings.reload,
    async stop({ agents }) {
      // Until the end it says that it drains, and takes webhooks: a drain may last as long as a run, and the next start
      // serves what is on disk.
      await life.end(agents);
      await server.stop();
      stopping.abort();
      await tidying;
      signOfLife?.stop();
      live.close();
      await workspaces.idle();
      await store.close();
    },
  };
}
