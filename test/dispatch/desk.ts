/**
 * The first half with real parts: a store on disk, the real grammar, gate and repository configuration; the forge is
 * the fake one, and there is no worker. What a command leads to is looked up in the store.
 */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { pino } from "pino";
import { parseComment, parseLabel } from "../../src/command/parse.ts";
import type { Config } from "../../src/config/config.ts";
import { narrow } from "../../src/config/repository.ts";
import { type DispatchDeps, dispatch, read } from "../../src/dispatch/dispatch.ts";
import { createRepositoryConfigs } from "../../src/dispatch/repository-config.ts";
import { createResponder, type ResponderDeps } from "../../src/dispatch/responder.ts";
import type { Forge } from "../../src/forges/forge.ts";
import type { Effect } from "../../src/model/effect.ts";
import type { Delivery, Event } from "../../src/model/event.ts";
import type { RepoRef, Run, RunState } from "../../src/model/run.ts";
import { createPermissions } from "../../src/permission/permission.ts";
import { createPrompts } from "../../src/prompt/prompts.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import type { Claim, Store } from "../../src/store/store.ts";
import { statusNow } from "../../src/worker/status-now.ts";
import { FakeForge } from "../fakes/forge.ts";
import { botConfig, scripted } from "../journeys/bot.ts";
import { ALICE, EVE, REPO } from "./happenings.ts";

/** A forge whose deliveries hold our events as they are. */
export class PlainForge extends FakeForge {
  override parse(delivery: Delivery): readonly Event[] {
    return JSON.parse(delivery.body) as readonly Event[];
  }
}

export interface DispatchDesk {
  readonly store: Store;
  readonly forge: FakeForge;
  readonly deps: DispatchDeps;
  readonly clock: { ms: number };
  /** What was logged, one object a line. */
  readonly logged: { readonly msg: string; readonly [key: string]: unknown }[];
  /** Done at the test's end, before the store is closed. */
  readonly ends: (() => Promise<void>)[];
  /** Puts a delivery of these events into the inbox. */
  receive(...events: readonly Event[]): Promise<Delivery>;
  /** The same, and handles it. */
  happen(...events: readonly Event[]): Promise<void>;
  /** Texts of the comments that wait to be posted, oldest first, and those before. */
  replies(): Promise<readonly string[]>;
  /** Every effect so far, oldest first. */
  effects(): Promise<readonly Effect[]>;
  /** The newest run of issue 15. */
  run(): Promise<Run | null>;
  /** Takes the next run and moves it along these states. */
  work(...states: readonly RunState[]): Promise<Claim>;
}

export interface DeskOptions {
  readonly kind?: "github" | "forgejo";
  readonly change?: (config: Config) => Config;
  readonly deps?: Partial<ResponderDeps>;
  /** Wraps the store that the responder and the dispatcher use. */
  readonly store?: (store: Store) => Store;
}

export async function openDesk(t: TestContext, options: DeskOptions = {}): Promise<DispatchDesk> {
  const dir = await mkdtemp(join(tmpdir(), "dispatch-"));
  const clock = { ms: 1_000_000 };
  const now = () => clock.ms;
  const store = await openSqliteStore({ file: join(dir, "store.db"), now, newId: randomUUID });
  const ends: DispatchDesk["ends"] = [];
  t.after(async () => {
    for (const end of ends) await end();
    await store.close();
    await rm(dir, { recursive: true });
  });
  const forge = new PlainForge(REPO.forge, options.kind ?? "forgejo");
  forge.levels.set(ALICE.id, { level: "write", bot: false, why: "" });
  forge.levels.set(EVE.id, { level: "read", bot: false, why: "" });
  const used = options.store?.(store) ?? store;
  const logged: DispatchDesk["logged"] = [];
  const deps: DispatchDeps = {
    store: used,
    forges: new Map([[forge.name, forge]]),
    respond: createResponder({ ...responderDeps(used, forge, dir, now, options), ...options.deps }),
    log: pino({ level: "debug" }, { write: (line) => logged.push(JSON.parse(line)) }),
  };
  return { store, forge, deps, clock, logged, ends, ...actions(store, deps) };
}

function responderDeps(
  store: Store,
  forge: FakeForge,
  dir: string,
  now: () => number,
  { change }: DeskOptions,
): ResponderDeps {
  const world = { bot: { ...forge.bot, token: "a-token" }, forgeConfig: () => FORGE_CONFIG };
  const agents = [scripted(), scripted("other")];
  const config = botConfig(world, dir, { agents, ...(change && { change }) });
  const names = Object.keys(config.agents);
  const files = createRepositoryConfigs(now);
  const narrowed = async (repo: RepoRef, from: Forge) => narrow(config, await files(repo, from));
  const permissions = createPermissions({ config: config.permission, now });
  const prompts = createPrompts({ dirs: [join(import.meta.dirname, "..", "..", "templates")] });
  return {
    store,
    config: () => config,
    agents: () => names,
    nearestAgent: () => null,
    checkAgent: async () => {},
    checkRequest: (request) => prompts.check(request),
    narrowed,
    preview: async () => ({ prompt: "You are to round prices.", workspace: "/work/shop" }),
    newId: randomUUID,
    now,
    statusOf: (run) => statusNow(run, { store, config: () => config, now }),
    help: () => "Commands: …",
    parseComment: (body) => parseComment(body, { prefix: "/dispatch", agents: names }),
    parseLabel,
    permit: async (event, from) =>
      await permissions.decide({
        forge: from,
        repo: event.repo,
        actor: event.by,
        self: await from.self(),
        repositoryUsers: null,
      }),
  };
}

const FORGE_CONFIG = {
  kind: "forgejo",
  name: REPO.forge,
  url: "https://codeberg.test",
  token: "a-token",
  webhookSecret: "a secret of sixteen or more",
  webhookProxy: null,
} as const;

function actions(store: Store, deps: DispatchDeps) {
  const seen: Effect[] = [];
  const effects = async () => {
    for (;;) {
      const due = await store.takeEffects([REPO.forge], 100, 60_000);
      if (due.length === 0) return seen;
      seen.push(...due);
      for (const effect of due) await store.confirmEffect(effect.id, "1");
    }
  };
  const receive = async (...events: readonly Event[]) => {
    const body = JSON.stringify(events);
    const delivery = { id: randomUUID(), forge: REPO.forge, event: "any", body, receivedAt: 1 };
    await store.receive(delivery);
    return delivery;
  };
  return {
    receive,
    effects,
    async happen(...events: readonly Event[]) {
      const parsed = await read(await receive(...events), deps);
      if (parsed) await dispatch(parsed, deps);
    },
    async replies() {
      return (await effects()).flatMap(({ action }) => (action.kind === "comment" ? [action.body] : []));
    },
    run: () => store.lastRun(REPO, 15),
    async work(...states: readonly RunState[]) {
      const claim = await store.claim("worker", NO_CAPS, 60_000);
      if (!claim) throw new Error("there is no run to work on");
      for (const state of states) {
        const blocked = state === "publishing" && states.includes("blocked");
        const patch = blocked ? { outcome: { kind: "blocked", question: "Which?" } as const } : {};
        await store.move(claim.lease, state, patch, []);
      }
      return claim;
    },
  };
}

const NO_CAPS = { total: null, perRepository: null, perPool: null, pools: {}, models: {} };
